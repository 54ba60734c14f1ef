/** What an operation's caller takes into account, and what limits it. */
export interface Terms {
  /** Its own deadline, milliseconds; the drill's own limit for everybody if it has none. */
  readonly limitMs?: number
  /** How long the whole may take, where `limitMs` only bounds a part of it, milliseconds. */
  readonly overallMs?: number
  /** Errors that its caller has asked for: its own abort or deadline, a value that breaks a rule. */
  readonly expects?: readonly string[]
  /** It holds one connection, with its session's state: if that is lost, somebody has to say so. */
  readonly pinned?: boolean
  /** Rows that its caller has in hand: they cannot be taken back, so a loss after some of them has to be told. */
  readonly delivered?: () => number
}

/**
 * How one operation ended, as its caller saw it.
 *
 * - `asked`: an error that its caller has asked for: its own abort or deadline, a rule that it broke
 * - `needed`: an error that nobody could have spared the caller
 * - `avoidable`: an error that resilience should have hidden
 * - `unknown`: a write of which nobody knows whether it was applied
 */
export type Outcome = "ok" | "asked" | "needed" | "avoidable" | "unknown"

export interface Operation {
  /** "transfer" */
  readonly kind: string
  /** Unique; goes with every statement, so that events can be told apart. */
  readonly label: string
  readonly startedAt: number
  /** When it must have been answered, its grace included. */
  readonly overdueAt: number
  /** When a statement or the whole of it was last run again; -Infinity if never. */
  troubledAt: number
  /** A COMMIT or a write of it whose answer was lost, and of which the driver has found out what became of it. */
  resolved: boolean
  hung: boolean
}

export interface Finished extends Operation {
  readonly endedAt: number
  readonly outcome: Outcome
}
