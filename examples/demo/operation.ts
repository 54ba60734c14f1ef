export type OperationKind = "read" | "stream" | "journal" | "signal" | "transfer" | "chore"

/**
 * How one operation of the application ended, as its caller saw it.
 *
 * - `undone`: it succeeded, and its caller never committed it
 * - `needed`: an error that nobody could have spared the caller (it did something wrong itself)
 * - `avoidable`: an error that resilience should have hidden
 * - `unknown`: a write whose answer was lost; the ledger check has the last word on those
 */
export type Outcome = "ok" | "undone" | "needed" | "avoidable" | "unknown"

export interface Operation {
  readonly kind: OperationKind
  /** Unique; goes with every statement, so that events can be told apart. */
  readonly label: string
  readonly startedAt: number
}

export interface Finished extends Operation {
  readonly endedAt: number
  readonly outcome: Outcome
  /** A statement of it, or the whole of it, was run again. */
  readonly retried: boolean
  /** An answer of it was lost, and what had become of that was found out. */
  readonly resolved: boolean
}
