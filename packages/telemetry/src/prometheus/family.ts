import type { Facts } from "../facts.ts"
import { HISTOGRAMS, type KeptHistogram } from "../histograms.ts"
import { BOUNDS_S, INSTRUMENTS, type Instrument } from "../instruments.ts"
import { OWN, type Attributes } from "../names.ts"

/** One line of a metric, in Prometheus' words. */
export interface Line {
  /** The metric's own name, or that with `_bucket`, `_sum` or `_count`. */
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** All lines of one name. */
export interface Family {
  readonly name: string
  readonly type: "counter" | "gauge" | "histogram"
  readonly help: string
  readonly read: (facts: Facts) => readonly Line[]
}

/** Every metric there is; what is ours begins with the prefix. */
export function families(prefix: string): readonly Family[] {
  return [
    ...HISTOGRAMS.map((histogram) => histogramFamily(histogram)),
    ...INSTRUMENTS.map((instrument) => instrumentFamily(instrument, prefix)),
  ]
}

function instrumentFamily({ name, kind, unit, help, read }: Instrument, prefix: string): Family {
  const total = kind === "counter" ? "_total" : ""
  const own = name.startsWith(`${OWN}.`) ? `${prefix}${name.slice(OWN.length)}` : name
  return {
    // A unit in braces is no unit to Prometheus, and a plain 1 is none either.
    name: `${underscored(own)}${unit.startsWith("{") || unit === "1" ? "" : `_${unit}`}${total}`,
    type: kind === "counter" ? "counter" : "gauge",
    help,
    read: (facts) => read(facts).map(({ attributes, value }) => ({ labels: labelsOf(attributes), value })),
  }
}

function histogramFamily({ name: dotted, help, read }: KeptHistogram): Family {
  const name = `${underscored(dotted)}_seconds`
  const bounds = [...BOUNDS_S.map(String), "+Inf"]
  const lines = (facts: Facts): readonly Line[] =>
    read(facts).flatMap(({ attributes, durations: { buckets, sumMs, count } }) => {
      const labels = labelsOf(attributes)
      let upTo = 0
      const each = bounds.map((le, index): Line => {
        upTo += buckets[index] ?? 0
        return { metricName: `${name}_bucket`, labels: { ...labels, le }, value: upTo }
      })
      return [
        ...each,
        { metricName: `${name}_sum`, labels, value: sumMs / 1_000 },
        { metricName: `${name}_count`, labels, value: count },
      ]
    })
  return { name, type: "histogram", help, read: lines }
}

function labelsOf(attributes: Attributes): Record<string, string> {
  return Object.fromEntries(Object.entries(attributes).map(([name, value]) => [underscored(name), String(value)]))
}

function underscored(name: string): string {
  return name.replaceAll(".", "_")
}
