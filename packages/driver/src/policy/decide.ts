import type { Failure, GaveUp } from "../failure/failure.ts"

/** Everything that the choice depends on, and nothing else. */
export interface Situation {
  readonly failure: Failure
  /** Tries so far, this one included. */
  readonly attempt: number
  /** Tries in all, the first included. */
  readonly attemptsMax: number
  /** False: `retry: false`. */
  readonly enabled: boolean
  /** The try got a connection. Else it was none: it ended in the pool, which has waited as long as it may. */
  readonly connected: boolean
  /** Running it twice does no harm: it only reads, or its caller said `idempotent`. */
  readonly repeatable: boolean
  /** A transaction was open (status T or E) when the statement was sent. */
  readonly inTransaction: boolean
  /** The lease has succeeded before: its session may hold state, so no other connection will do. */
  readonly pinned: boolean
  /** The caller of a stream has rows in hand. */
  readonly rowsDelivered?: boolean
  /** The retries that all operations share are not used up. */
  readonly budgetAvailable: boolean
  /** Until the deadline; Infinity without one. */
  readonly remainingMs: number
  /** The longest that back-off asks for, see `backoff.ts`. */
  readonly delayMs: number
  /** The wait may be over by then, if the server is back. Default: `delayMs`. */
  readonly leastDelayMs?: number
}

export type Decision =
  | { readonly action: "retry"; readonly delayMs: number }
  | { readonly action: "fail"; readonly because: GaveUp }

/**
 * Is this statement tried again? Three questions, in the order a person would ask them; the first No is the reason that
 * events and errors carry. A reason further up is never hidden by one further down: "switched off" means that switching
 * it on would have helped.
 */
export function decide(situation: Situation): Decision {
  const { failure, attempt, attemptsMax, enabled, connected, repeatable, inTransaction, pinned, remainingMs } =
    situation
  const delayMs = Math.max(situation.delayMs, failure.retryAfterMs ?? 0)
  const leastDelayMs = situation.leastDelayMs ?? delayMs

  // Would it help? What is done is done, in whatever way its answer was lost.
  if (failure.retry === "never") return fail("not-transient")
  if (failure.effect === "applied" || failure.effect === "applied_locally") return fail("not-transient")

  // Is it safe? A COMMIT that may be done is the end of it, for everybody. Else a transaction's earlier statements are gone
  // with it, and only whoever has all of them can run them again.
  if (situation.rowsDelivered === true) return fail("rows-delivered")
  if (failure.effect === "unknown" && !repeatable) return fail("effect-unknown")
  if (inTransaction) return fail("in-transaction")
  if (failure.connection.startsWith("discard") && pinned) return fail("session-pinned")

  // Can we afford it, and are we asked to?
  if (!enabled) return fail("switched-off")
  if (!connected) return fail("attempts-spent")
  if (attempt >= attemptsMax) return fail("attempts-spent")
  if (failure.retriesMax !== undefined && attempt > failure.retriesMax) return fail("attempts-spent")
  if (!situation.budgetAvailable) return fail("budget-spent")
  if (leastDelayMs >= remainingMs) return fail("deadline-near")

  return { action: "retry", delayMs }
}

function fail(because: GaveUp): Decision {
  return { action: "fail", because }
}
