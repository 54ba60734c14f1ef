import type { Settled } from "../engine.ts"
import type { Effect, Failure } from "../failure/failure.ts"
import type { Exchange } from "../postgres/exchange.ts"

/**
 * What is on an error of a statement beside what `pg` puts there. Not on those of a pool that had no connection to give:
 * then nothing was sent.
 */
export interface EffectOnError {
  /** What the server has done of it; never a guess. */
  readonly effect: Effect
  /** With `unknown`, if there is a way to find out: for `pool.resolve(token)`. */
  readonly token?: string
}

export const POOL_ENDED = "Cannot use a pool after calling end on the pool"
const NOT_QUERYABLE = "Client has encountered a connection error and is not queryable"

/**
 * What was answered; throws the error if nothing was. That a standby has not confirmed what is committed here is a warning of the server's, which
 * `pg` tells as a notice.
 */
export function answerIn(settled: Settled<Exchange>): Exchange {
  if (settled.ok) return settled.value
  if (settled.value !== undefined && settled.value.error === undefined) return settled.value
  throw pgErrorOf(settled.failure)
}

/** The error that `pg` would give: the server's own, the socket's own, or one in the words of `pg`. */
export function pgErrorOf(failure: Failure): Error {
  const { cause } = failure
  const own = wordsOf(failure)
  if (own !== undefined) return new Error(own, { cause: cause ?? new Error(failure.message) })
  if (failure.phase === "acquire" || failure.phase === "connect") {
    // Whoever waits for the same opening is told the same: it is not changed.
    return cause instanceof Error ? cause : new Error(failure.message)
  }
  const error = cause instanceof Error ? cause : Object.assign(new Error(failure.message), codeOf(failure))
  // Its stack leads to the socket; the one that helps leads to who asked.
  Error.captureStackTrace(error, pgErrorOf)
  return withEffect(error, failure)
}

/**
 * Its connection is gone, and what was begun there is gone with it. With the code of what ended it, as a statement that was running then
 * would have: whoever runs a transaction again looks at that.
 */
export function notQueryable(cause: unknown): Error {
  const error = Object.assign(new Error(NOT_QUERYABLE, { cause }), { code: codeIn(cause) ?? LOST })
  return withEffect(error, { effect: "not_applied" })
}

/** Of a connection that ended without a word. */
const LOST = "ECONNRESET"

function codeIn(cause: unknown): string | undefined {
  const code: unknown = typeof cause === "object" && cause !== null ? Reflect.get(cause, "code") : undefined
  return typeof code === "string" ? code : undefined
}

/** Texts that code on `pg` looks for, because it has nothing else to look for. */
function wordsOf({ kind, phase, cause }: Failure): string | undefined {
  if (kind === "pool_closed") return POOL_ENDED
  if (kind === "pool_timeout" || kind === "pool_full") return "timeout exceeded when trying to connect"
  if (kind === "deadline_exceeded") return "Query read timeout"
  const timedOut = kind === "connection_failed" && phase === "connect" && cause === undefined
  return timedOut ? "Connection terminated due to connection timeout" : undefined
}

function codeOf({ sqlState, errno }: Failure): { readonly code?: string } {
  const code = sqlState ?? errno
  return code === undefined ? {} : { code }
}

/** Shown with the error where it matters: `not_applied` is what everybody expects. */
function withEffect(error: Error, { effect, token }: Pick<Failure, "effect" | "token">): Error {
  const shown = { enumerable: effect !== "not_applied", configurable: true, writable: true }
  return Object.defineProperties(error, {
    effect: { value: effect, ...shown },
    ...(token !== undefined && { token: { value: token, ...shown } }),
  })
}
