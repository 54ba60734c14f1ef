import type { DatabaseError } from "@kysely-resilient/core"
import type { Effect, Failure, Phase, Settled } from "@kysely-resilient/core/testing"

import { failureOf } from "../failures.ts"

/** Kinds that the rows of an answer decide, and not the database. */
type Surfacing = Exclude<DatabaseError["kind"], "no_row" | "too_many_rows" | "callback_threw" | "schema_drift">

/** How the next operation that fits fails: as if the driver had done all it could, and this was the end of it. */
export interface Fault {
  readonly kind: Surfacing
  /**
   * `acquire` and `connect`: before it is sent. `commit`: the COMMIT of the next transaction. Else: the next statement, in a transaction or
   * outside. Default: the next statement.
   */
  readonly phase?: Exclude<Phase, "rollback" | "idle">
  /**
   * What its caller is told that the server has done. Default: `not_applied`. With `applied` and `applied_locally` it really is done, with
   * `not_applied` it is not.
   */
  readonly effect?: Effect
  /** With effect `unknown`: has it really been done? Default: true, which is what a careless repetition doubles. */
  readonly done?: boolean
  readonly retryAfterMs?: number
  readonly token?: string
  /** Only statements whose text it fits, or of a text: which contain it, or have it as their name. */
  readonly sql?: string | RegExp
  /** How many operations. Default 1. */
  readonly times?: number
}

/** Has the server done what its caller is told that it failed? */
export function isDone({ effect = "not_applied", done = true }: Fault): boolean {
  return effect === "unknown" ? done : effect !== "not_applied"
}

export function failureOfFault({ kind, phase, effect, retryAfterMs, token }: Fault, inTransaction: boolean): Failure {
  const where = phase ?? (inTransaction ? "transaction" : undefined)
  return failureOf(kind, {
    effect: effect ?? "not_applied",
    ...(where !== undefined && { phase: where }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(token !== undefined && { token }),
  })
}

export function failed(failure: Failure): Settled<never> & { readonly ok: false } {
  const attempts = failure.phase === "acquire" ? 0 : 1
  return { ok: false, failure, attempts, because: becauseOf(failure) }
}

/** The driver has done all it could: why it could do no more. */
function becauseOf({ effect, phase, retry }: Failure): (Settled<never> & { readonly ok: false })["because"] {
  if (effect === "unknown") return "effect-unknown"
  if (retry === "never") return "not-transient"
  return phase === "transaction" || phase === "commit" ? "in-transaction" : "attempts-spent"
}

/** Is it for this statement? */
export function isMeant(
  { sql: wanted }: Fault,
  { sql, label }: { readonly sql: string; readonly label?: string | undefined },
): boolean {
  if (wanted === undefined) return true
  return typeof wanted === "string" ? label === wanted || sql.includes(wanted) : sql.search(wanted) !== -1
}
