import type { Layer } from "./layers.ts"
import type { Evidence } from "./effect.ts"
import type { FailureKind, RetryScope, Verdict } from "./failure.ts"
import type { Rank } from "./severity.ts"

/** A row of the verdict table, before the phase is known. */
export interface Row extends Omit<Verdict, "retry"> {
  /** `phase`: whatever the phase allows. `reads`: the same for what only reads, never for a write. */
  readonly retry: RetryScope | "phase" | "reads"
  /** What the words say of the effect, where that is not what an ERROR, a FATAL or silence says. */
  readonly says?: "unforwarded" | "outcome-unknown"
}

export interface Circumstances {
  readonly evidence: Evidence
  readonly rank: Rank
}

/** Some codes mean different things in different mouths or at different times. */
export type Cell = Row | ((said: Layer, circumstances: Circumstances) => Row)

export function rowIn(cell: Cell, said: Layer, circumstances: Circumstances): Row {
  return typeof cell === "function" ? cell(said, circumstances) : cell
}

type Change = Partial<Omit<Row, "kind">>

/** The statement is wrong, or not allowed: saying it again would not help. */
export function fault(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "statement", retry: "never", pace: "quick", connection: "repair", ...change }
}

/** Two got in each other's way: whoever tries again soon usually gets through. */
export function conflict(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "statement", retry: "transaction", pace: "quick", connection: "repair", ...change }
}

/**
 * A statement that was prepared by name in the session is gone, stale, or in the way. None of ours has a name, so it is the
 * application's, and what we can do is to forget the session: a new one has what `onConnect` prepares, and nothing else.
 */
export function healable(kind: FailureKind, change?: Change): Row {
  return {
    kind,
    blame: "client",
    retry: "transaction",
    retriesMax: 1,
    pace: "quick",
    connection: "discard",
    heal: "forget_statement",
    ...change,
  }
}

/** The connection is gone; another one may do. */
export function loss(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "server", retry: "phase", pace: "slow", connection: "discard", ...change }
}

/** The server lacks something, for now; the session lives. */
export function strain(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "server", retry: "transaction", pace: "slow", connection: "repair", ...change }
}

/** Somebody has to change a setting. */
export function misconfigured(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "client", retry: "never", pace: "slow", connection: "discard", ...change }
}

/** The calling code is wrong; the connection never heard of it. */
export function misuse(kind: FailureKind, change?: Change): Row {
  return { kind, blame: "client", retry: "never", pace: "quick", connection: "keep", ...change }
}
