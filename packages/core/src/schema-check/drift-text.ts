import type { SchemaDrift } from "./drift.ts"

/** As many as a person reads; the rest is counted. */
const toldMax = 5

/** What differs in one sentence, what breaks something first. */
export function driftText(drift: readonly SchemaDrift[]): string {
  const first = drift.toSorted((a, b) => Number(b.breaking) - Number(a.breaking)).slice(0, toldMax)
  const rest = drift.length - first.length
  const told = [...first.map(({ message }) => message), ...(rest > 0 ? [`and ${rest} more`] : [])]
  return `The database is not what the schema says: ${told.join("; ")}`
}
