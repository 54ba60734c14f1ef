import type { LiveSample } from "../../../live/messages.ts"
import { h, say, set, svg } from "../dom.ts"
import { count, counted, duration, percent, PERCENTILES, shortCount } from "../format.ts"
import type { Moment, View } from "./view.ts"

interface Tile {
  readonly name: string
  readonly id: string
  /** Of what time its number is. */
  readonly span: string
  readonly title?: string | undefined
  /** What stands beside the number, smaller. */
  readonly of?: (samples: readonly LiveSample[]) => string
  readonly value: (sample: LiveSample) => string
  readonly below: (sample: LiveSample) => string
  readonly spark: (sample: LiveSample) => number | null
  /** The line's lowest and highest, where they are known beforehand. */
  readonly bounds?: readonly [number, number]
}

const TILES: readonly Tile[] = [
  {
    name: "Right at the first try",
    id: "success",
    span: "last minute",
    value: ({ success_ratio: ratio }) => percent(ratio),
    below: ({ failed_queries: failed }) => `since the start: ${counted(failed, "statement")} met a failure`,
    spark: ({ since_last: { queries, failed } }) => (queries === 0 ? null : 1 - failed / queries),
    bounds: [0.5, 1],
  },
  {
    name: "Statements",
    id: "throughput",
    span: "last second",
    value: ({ since_last: { queries } }) => shortCount(queries),
    below: ({ total_queries: total }) => `since the start: ${count(total)}`,
    spark: ({ since_last: { queries } }) => queries,
  },
  {
    name: "Duration, p95",
    id: "latency",
    span: "last minute",
    title: PERCENTILES["p95"],
    value: ({ p95_s: p95 }) => duration(p95),
    below: ({ p50_s: p50, p99_s: p99 }) => `last minute: p50 ${duration(p50)}, p99 ${duration(p99)}`,
    spark: ({ since_last: { p95_s: p95, queries } }) => (queries === 0 ? null : Math.log10(Math.max(p95, 0.0001))),
  },
  {
    name: "Retries left in the budget",
    id: "budget",
    span: "now",
    // It is full at the start.
    of: (samples) => {
      const most = Math.max(...samples.map(({ retry_budget: left }) => left ?? 0))
      return most > 0 ? `of ${shortCount(most)}` : ""
    },
    value: ({ retry_budget: left }) => (left === null ? "no limit" : shortCount(left)),
    below: ({ retries, reconnections, pool_resets: resets }) =>
      `since the start: ${[
        counted(retries, "retry", "retries"),
        `${counted(reconnections, "connection")} replaced`,
        ...(resets === 0 ? [] : [`pool replaced ${resets === 1 ? "once" : counted(resets, "time")}`]),
      ].join(", ")}`,
    spark: ({ retry_budget: left }) => left,
  },
]

/** Four numbers, each with its last minutes. */
export function tiles(): View {
  const made = TILES.map((tile) => {
    const value = h("b", { id: `tile-${tile.id}` }, "–")
    const of = h("small", {})
    const below = h("span", { class: "soft" })
    const line = svg("path", { fill: "none", "vector-effect": "non-scaling-stroke" })
    const area = svg("path", { class: "area" })
    const picture = svg(
      "svg",
      { viewBox: "0 0 100 30", preserveAspectRatio: "none", "aria-hidden": "true" },
      area,
      line,
    )
    const element = h(
      "article",
      { class: "card tile" },
      h("h3", { title: tile.title }, `${tile.name}, `, h("span", {}, tile.span)),
      h("p", {}, value, of),
      below,
    )
    element.append(picture)
    return { tile, value, of, below, line, area, element }
  })
  const element = h("section", { class: "tiles", "aria-label": "In numbers" }, ...made.map((one) => one.element))
  return {
    element,
    show({ model, now, rangeMs }: Moment) {
      const last = model.samples.at(-1)
      if (last === undefined) return
      const shown = model.samples.filter(({ at_ms: at }) => at >= now - rangeMs)
      for (const { tile, value, of, below, line, area } of made) {
        say(value, tile.value(last))
        say(of, tile.of?.(model.samples) ?? "")
        say(below, tile.below(last))
        const points = pointsOf(shown, tile, now, rangeMs)
        set(line, { d: pathOf(points) })
        const [first, end] = [points[0], points.at(-1)]
        set(area, { d: first && end ? `${pathOf(points)}L${end.x} 30L${first.x} 30Z` : "" })
      }
    },
  }
}

interface Point {
  readonly x: number
  readonly y: number
}

function pointsOf(samples: readonly LiveSample[], { spark, bounds }: Tile, now: number, rangeMs: number): Point[] {
  const values = samples.flatMap((sample) => {
    const value = spark(sample)
    return value === null ? [] : [{ at: sample.at_ms, value }]
  })
  const lowest = bounds?.[0] ?? Math.min(...values.map(({ value }) => value))
  const highest = bounds?.[1] ?? Math.max(...values.map(({ value }) => value))
  return values.map(({ at, value }) => ({
    x: round(100 - ((now - at) / rangeMs) * 100),
    y: round(28 - (highest === lowest ? 0.5 : (Math.max(value, lowest) - lowest) / (highest - lowest)) * 25),
  }))
}

function pathOf(points: readonly Point[]): string {
  return points.map(({ x, y }, index) => `${index === 0 ? "M" : "L"}${x} ${y}`).join("")
}

function round(value: number): number {
  return Math.round(value * 10) / 10
}
