import uPlot from "uplot"

import type { LiveEvent, LiveSample } from "../../../live/messages.ts"
import { h } from "../dom.ts"
import { count, duration } from "../format.ts"
import { gravityOf } from "../words.ts"
import type { Moment, View } from "./view.ts"

interface Line {
  readonly name: string
  /** A custom property of the style sheet. */
  readonly colour: string
  readonly value: (sample: LiveSample, before: LiveSample | undefined) => number | null
  readonly fill?: true
  readonly dash?: readonly number[]
  readonly text?: (value: number) => string
}

interface Chart {
  readonly title: string
  readonly lines: readonly Line[]
  readonly text: (value: number) => string
  readonly log?: true
}

const over = (value: number, queries: number): number | null => (queries === 0 || value <= 0 ? null : value)

const CHARTS: readonly Chart[] = [
  {
    title: "Statements per second",
    text: count,
    lines: [
      {
        name: "right at the first try",
        colour: "--good",
        fill: true,
        value: ({ since_last: s }) => s.queries - s.failed,
      },
      { name: "met a failure", colour: "--bad", fill: true, value: ({ since_last: s }) => s.failed },
      {
        name: "retries",
        colour: "--warn",
        value: ({ retries }, before) => (before === undefined ? 0 : Math.max(0, retries - before.retries)),
      },
    ],
  },
  {
    title: "How long statements took",
    text: duration,
    log: true,
    lines: [
      { name: "p50", colour: "--accent", value: ({ since_last: s }) => over(s.p50_s, s.queries) },
      { name: "p95", colour: "--teal", dash: [6, 3], value: ({ since_last: s }) => over(s.p95_s, s.queries) },
      { name: "p99", colour: "--pink", value: ({ since_last: s }) => over(s.p99_s, s.queries) },
    ],
  },
  {
    title: "Mean wait for a connection",
    text: (value) => duration(value),
    lines: [{ name: "mean wait", colour: "--accent", fill: true, value: ({ since_last: s }) => s.wait_s }],
  },
]

/** What is drawn over all charts, by the sign that stands for it. */
const SIGNS: Readonly<Partial<Record<LiveEvent["name"], string>>> = {
  "pool.outage-began": "✱",
  "circuit.opened": "◆",
  "pool.reset": "○",
  "action.started": "▼",
}

// The enum is there in its types only.
// oxlint-disable-next-line typescript/no-unsafe-enum-assignment
const LOGARITHMIC: uPlot.Scale.Distr = 3

const HEIGHT = 190
/** A sign is so wide and high. */
const SIGN_PX = 13

/** Three charts over one time, with one cursor. */
export function charts(): View {
  const sync = uPlot.sync("page")
  const boxes = CHARTS.map((chart) => ({
    chart,
    box: h("div", { class: "plot" }),
  }))
  const element = h(
    "section",
    { class: "charts", "aria-label": "Over time" },
    ...boxes.map(({ chart, box }) =>
      h("figure", { class: "card" }, h("figcaption", {}, h("h2", {}, chart.title)), box),
    ),
    h(
      "ul",
      { class: "signs soft dotted" },
      h("li", {}, h("i", { class: "swatch", "data-shade": "warn" }), "an incident"),
      h("li", {}, h("i", { class: "swatch", "data-shade": "bad" }), "an incident with errors or unknown effects"),
      ...["▼ pressed on this page", "✱ nothing could be opened", "○ pool replaced", "◆ circuit opened"].map((text) =>
        h("li", {}, text),
      ),
    ),
  )
  let moment: Moment | undefined
  let plots: uPlot[] = []

  const build = (): void => {
    for (const plot of plots) plot.destroy()
    plots = boxes.map(
      ({ chart, box }) =>
        new uPlot(
          optionsOf(chart, box.clientWidth, sync.key, () => moment),
          [[]],
          box,
        ),
    )
    if (moment !== undefined) draw(moment)
  }
  const draw = ({ model, now, rangeMs }: Moment): void => {
    const samples = model.samples.filter(({ at_ms: at }) => at >= now - rangeMs - 2_000)
    const times = samples.map(({ at_ms: at }) => at / 1_000)
    for (const [index, plot] of plots.entries()) {
      const lines = CHARTS[index]!.lines
      plot.setData(
        [times, ...lines.map(({ value }) => samples.map((sample, at) => value(sample, samples[at - 1])))],
        false,
      )
      plot.setScale("x", { min: (now - rangeMs) / 1_000, max: now / 1_000 })
      // It looks at its legend only when the cursor moves.
      if (plot.cursor.idx === null || plot.cursor.idx === undefined)
        plot.setLegend({ idxs: plot.series.map(() => null) }, false)
    }
  }
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => build())
  new ResizeObserver(() => {
    if (plots.length === 0) return build()
    for (const [index, plot] of plots.entries()) plot.setSize({ width: boxes[index]!.box.clientWidth, height: HEIGHT })
  }).observe(element)

  return {
    element,
    show(now) {
      moment = now
      if (plots.length === 0 && element.clientWidth > 0) build()
      else draw(now)
    },
  }
}

function colourOf(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim()
}

function optionsOf(chart: Chart, width: number, key: string, moment: () => Moment | undefined): uPlot.Options {
  const axis = { stroke: colourOf("--soft"), grid: { stroke: colourOf("--grid"), width: 1 }, ticks: { show: false } }
  const font = "11px system-ui, sans-serif"
  return {
    width,
    height: HEIGHT,
    cursor: { sync: { key }, drag: { x: false, y: false }, points: { size: 6 } },
    legend: { live: true },
    scales: {
      x: { time: true },
      y: chart.log
        ? {
            distr: LOGARITHMIC,
            log: 10,
            range: (_, low, high) => [lowerPower(low ?? 0.001), upperPower(high ?? 0.1)],
          }
        : { range: (_, __, high) => [0, Math.max(high ?? 0, chart.text === count ? 4 : 0.002) * 1.12] },
    },
    axes: [
      {
        ...axis,
        font,
        space: 70,
        size: 32,
        values: (_, splits) => splits.map((at) => new Date(at * 1_000).toTimeString().slice(0, at % 60 === 0 ? 5 : 8)),
      },
      {
        ...axis,
        font,
        size: 56,
        ...(chart.log && { filter: (_: uPlot, splits: number[]) => splits.map((at) => (isPower(at) ? at : null)) }),
        values: (_, splits) => splits.map((value) => (value === null ? "" : value === 0 ? "0" : chart.text(value))),
      },
    ],
    series: [
      {
        value: (_, at) => (typeof at === "number" ? new Date(at * 1_000).toTimeString().slice(0, 8) : "last second"),
        label: "at",
      },
      ...chart.lines.map(({ name, colour, fill, dash, text }): uPlot.Series => ({
        label: name,
        stroke: colourOf(colour),
        width: 1.5,
        spanGaps: false,
        points: { show: false },
        ...(dash && { dash: [...dash] }),
        ...(fill && { fill: `color-mix(in srgb, ${colourOf(colour)} 18%, transparent)` }),
        value: (plot, pointedAt, series, index) => {
          const value = index === null ? plot.data[series]?.at(-1) : pointedAt
          return value === null || value === undefined ? "none" : (text ?? chart.text)(value)
        },
      })),
    ],
    hooks: {
      drawClear: [(plot) => shade(plot, moment())],
      draw: [(plot) => mark(plot, moment())],
    },
  }
}

function lowerPower(value: number): number {
  return 10 ** Math.floor(Math.log10(Math.max(value, 0.0001)))
}

function upperPower(value: number): number {
  return 10 ** Math.max(Math.ceil(Math.log10(Math.max(value, 0.0001))), -1)
}

function isPower(value: number): boolean {
  return Math.abs(Math.log10(value) - Math.round(Math.log10(value))) < 0.001
}

/** Behind everything: the time of each incident. */
function shade(plot: uPlot, moment: Moment | undefined): void {
  if (moment === undefined) return
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  ctx.save()
  for (const incident of moment.incidents) {
    const [from, until] = [incident.from, incident.until].map((at) => plot.valToPos(at / 1_000, "x", true))
    if (from === undefined || until === undefined || until < left || from > left + width) continue
    const start = Math.max(left, from)
    ctx.fillStyle = `color-mix(in srgb, ${colourOf(gravityOf(incident) === "bad" ? "--bad" : "--warn")} 16%, transparent)`
    ctx.fillRect(start, top, Math.max(3, Math.min(left + width, until) - start), height)
  }
  ctx.restore()
}

function mark(plot: uPlot, moment: Moment | undefined): void {
  if (moment === undefined) return
  const { ctx } = plot
  const { left, top, width, height } = plot.bbox
  ctx.save()
  ctx.font = `${11 * devicePixelRatio}px system-ui, sans-serif`
  ctx.textAlign = "center"
  ctx.textBaseline = "top"
  ctx.strokeStyle = colourOf("--soft")
  const [ink, paper] = [colourOf("--ink"), colourOf("--card")]
  const size = SIGN_PX * devicePixelRatio
  const signs: (readonly [sign: string, x: number, y: number])[] = []
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  let stacked = 0
  let before = Number.NEGATIVE_INFINITY
  for (const { name, at_ms: at } of moment.model.events) {
    const sign = SIGNS[name]
    const x = plot.valToPos(at / 1_000, "x", true)
    if (sign === undefined || x < left || x > left + width) continue
    ctx.beginPath()
    ctx.moveTo(x, top)
    ctx.lineTo(x, top + height)
    ctx.stroke()
    // Signs of nearly the same moment stand below each other.
    stacked = x - before < size ? stacked + 1 : 0
    before = x
    signs.push([sign, x, top + stacked * size])
  }
  for (const [sign, x, y] of signs) {
    ctx.fillStyle = paper
    ctx.fillRect(x - size / 2, y, size, size)
    ctx.fillStyle = ink
    ctx.fillText(sign, x, y)
  }
  ctx.restore()
}
