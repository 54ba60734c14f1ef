import { factsOf } from "../facts.ts"
import type { Source } from "../source.ts"
import { families, type Line } from "./family.ts"
import { prefixOf, type PrometheusOptions } from "./options.ts"

/** What `text` is, for the header. */
export const CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

/** All metrics of one or more databases in Prometheus' text format, for a `/metrics` without a registry. */
export function metricsText(sources: Source | readonly Source[], options: PrometheusOptions = {}): string {
  const all = (isList(sources) ? sources : [sources]).map(factsOf)
  let text = ""
  for (const { name, help, type, read } of families(prefixOf(options))) {
    text += `# HELP ${name} ${help}\n# TYPE ${name} ${type}\n`
    for (const facts of all) for (const line of read(facts)) text += lineText(name, line)
  }
  return text
}

function isList(sources: Source | readonly Source[]): sources is readonly Source[] {
  return Array.isArray(sources)
}

function lineText(name: string, { metricName = name, labels, value }: Line): string {
  const pairs = Object.entries(labels).map(([label, said]) => `${label}="${escaped(said)}"`)
  return `${metricName}${pairs.length === 0 ? "" : `{${pairs.join(",")}}`} ${numberText(value)}\n`
}

function escaped(value: string): string {
  return value.replaceAll("\\", "\\\\").replaceAll("\n", "\\n").replaceAll('"', '\\"')
}

function numberText(value: number): string {
  if (Number.isFinite(value)) return String(value)
  return Number.isNaN(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf"
}
