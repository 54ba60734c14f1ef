/** What the caller of one write was told about it. `pending`: nothing yet. */
export type Told = "pending" | "ok" | "failed" | "unknown"

/** Keeps, per unique id, what its caller was told. The database is asked only at the end. */
export class Ledger {
  readonly #told = new Map<string, Told>()

  /** Before anything is sent: an id that nobody announced must never be found. */
  announce(id: string): void {
    this.#told.set(id, "pending")
  }

  settle(id: string, told: Exclude<Told, "pending">): void {
    this.#told.set(id, told)
  }

  get told(): ReadonlyMap<string, Told> {
    return this.#told
  }
}

/** Where callers and database disagree; ids, so that one can go and look. */
export interface Audit {
  /** How many writes were acknowledged. */
  readonly acknowledged: number
  /** How many distinct ids the database holds. */
  readonly held: number
  /** Acknowledged, and not there. */
  readonly lost: readonly string[]
  /** There more than once, whatever the caller was told. */
  readonly duplicated: readonly string[]
  /** There although the caller was told that it failed, or although nobody asked for it. */
  readonly phantom: readonly string[]
  /** Nobody ever answered. */
  readonly unanswered: readonly string[]
  /** The caller was told that it is not known: there once or not at all, both are honest. */
  readonly unknown: { readonly applied: number; readonly absent: number }
}

/** Compares what callers were told with the ids that the database holds, each as often as it holds it. */
export function audit(told: ReadonlyMap<string, Told>, held: Iterable<string>): Audit {
  const copies = new Map<string, number>()
  for (const id of held) copies.set(id, (copies.get(id) ?? 0) + 1)

  const idsTold = (answer: Told) => [...told].filter(([, given]) => given === answer).map(([id]) => id)
  const isHeld = (id: string) => copies.has(id)
  const unknown = idsTold("unknown")
  const unknownApplied = unknown.filter(isHeld).length

  return {
    acknowledged: idsTold("ok").length,
    held: copies.size,
    lost: idsTold("ok").filter((id) => !isHeld(id)),
    duplicated: [...copies].filter(([, count]) => count > 1).map(([id]) => id),
    phantom: [...idsTold("failed").filter(isHeld), ...[...copies.keys()].filter((id) => !told.has(id))],
    unanswered: idsTold("pending"),
    unknown: { applied: unknownApplied, absent: unknown.length - unknownApplied },
  }
}

export function agrees(result: Audit): boolean {
  return [result.lost, result.duplicated, result.phantom, result.unanswered].every((ids) => ids.length === 0)
}
