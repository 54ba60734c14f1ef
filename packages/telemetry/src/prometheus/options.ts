import { OptionsError } from "@kysely-resilient/driver"

import { OWN } from "../names.ts"

export interface PrometheusOptions {
  /** Of the metrics that are ours; those of the conventions have the conventions' names. Default `kysely_resilient`. */
  readonly prefix?: string
}

export function prefixOf({ prefix = OWN }: PrometheusOptions): string {
  if (/^[a-zA-Z_][a-zA-Z0-9_]*$/.test(prefix)) return prefix
  const hint = "Give letters, digits and underscores, not beginning with a digit"
  throw new OptionsError([{ path: "prefix", problem: `is ${JSON.stringify(prefix)}`, hint }])
}
