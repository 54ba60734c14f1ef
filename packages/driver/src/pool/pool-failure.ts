import type { Failure, FailureKind, RetryScope } from "../failure/failure.ts"
import { sentence } from "../failure/message.ts"
import type { Deadline } from "../foundation/deadline.ts"

/** How full the pool is; for messages. */
export interface Crowd {
  readonly max: number
  readonly idle: number
  readonly leased: number
  readonly opening: number
  /** In line, the one who is told included if it still is. */
  readonly waiting: number
}

/** Where the one who is told stood. */
interface Wait {
  readonly waitedMs: number
  readonly crowd: Crowd
}

export function poolTimeout(
  wait: Wait,
  limits: { readonly acquireTimeoutMs: number; readonly lastFailure: Failure | undefined; readonly still: number },
): Failure {
  const { acquireTimeoutMs, lastFailure, still } = limits
  const inside =
    still === 0
      ? ""
      : ` ${still} of those in use run nothing at this moment: if that is a transaction whose callback waits for this, ` +
        "let it use the transaction's own handle."
  const remedy =
    lastFailure === undefined
      ? `Hold connections for a shorter time, raise pool.max, or wait longer with pool.acquireTimeoutMs.${inside}`
      : `More cannot be opened: ${sentence(lastFailure.message)}`
  const message = `No connection within pool.acquireTimeoutMs (${acquireTimeoutMs} ms): ${describe(wait)} ${remedy}`
  return poolFailure({ kind: "pool_timeout", retry: "statement", message, cause: lastFailure?.cause })
}

/** Given up for those behind. `standingMs`: for so long there has always been somebody in line. */
export function poolOverloaded(
  wait: Wait,
  { standingMs, intervalMs }: { readonly standingMs: number; readonly intervalMs: number },
): Failure {
  const message =
    `There is more to do than connections to do it with, for ${whole(standingMs)} ms already: this was given up so that others are served ` +
    `sooner (pool.shedding). ${describe(wait)} Ask for less at once, or raise pool.max if the server is not busy.`
  return {
    ...poolFailure({ kind: "pool_timeout", retry: "statement", message }),
    retryAfterMs: Math.max(SOON_MS, whole(intervalMs)),
  }
}

/** Whoever comes back sooner finds nothing new. */
const SOON_MS = 100

/** `waitedMs`: how long the first in line has waited. */
export function poolFull({ waiting, leased, opening, max }: Crowd, waitersMax: number, waitedMs: number): Failure {
  const message =
    `The line for a connection is full: ${waiting} wait (pool.waitersMax is ${waitersMax}, besides those for whom one is being ` +
    `opened); of at most ${max}, ${leased} are in use and ${opening} being opened. Ask for less at once, or raise pool.max or ` +
    "pool.waitersMax."
  return {
    ...poolFailure({ kind: "pool_full", retry: "statement", message }),
    retryAfterMs: Math.max(SOON_MS, whole(waitedMs)),
  }
}

/** Nobody is asked while the circuit is open. `retryAfterMs`: until the server is looked for again. */
export function circuitOpen(
  last: Failure,
  { openMs, retryAfterMs }: { readonly openMs: number; readonly retryAfterMs: number },
): Failure {
  const message =
    `The server could not be reached for so long that it is not asked for the moment (${last.kind}; the circuit is open since ` +
    `${whole(openMs)} ms). It is looked for all the time: come back in ${whole(retryAfterMs)} ms.`
  return {
    ...poolFailure({ kind: "circuit_open", retry: "statement", message }),
    blame: "server",
    retryAfterMs: whole(retryAfterMs),
  }
}

/** Waiting longer would not help, and neither would asking again. */
export function poolStandstill({ waitedMs, crowd }: Wait): Failure {
  const message =
    `All ${crowd.max} connections are held by transactions or withConnection callbacks that wait for one more, so none would ever be ` +
    `given back; the last to ask is refused, after ${whole(waitedMs)} ms. Inside of a transaction use its own handle (tx, not db); ` +
    "or raise pool.max above the number of transactions that run at once."
  return poolFailure({ kind: "pool_deadlock", retry: "never", message })
}

/** `waitedMs` of one who was in line when it was closed; undefined for one who came later. */
export function poolClosed(waitedMs: number | undefined): Failure {
  const message =
    waitedMs === undefined
      ? "The pool was closed by close(), and gives out no more connections. Close it last, when nothing needs it any more."
      : `The pool was closed after ${whole(waitedMs)} ms of waiting for a connection.`
  return poolFailure({ kind: "pool_closed", retry: "never", message })
}

export function acquireAborted(reason: unknown, wait: Wait): Failure {
  const message = `Aborted while waiting for a connection: ${describe(wait)}`
  return poolFailure({ kind: "aborted", retry: "never", message, cause: reason })
}

export function acquirePastDeadline({ limitMs }: Deadline, wait: Wait): Failure {
  const message = `The deadline of ${whole(limitMs)} ms passed while waiting for a connection: ${describe(wait)}`
  return poolFailure({ kind: "deadline_exceeded", retry: "never", message })
}

export interface OutageWait {
  readonly retryAfterMs: number
  readonly waitedMs: number
  readonly outageMs: number
  readonly attempts: number
  /** What ended the wait, with its number: "retry.outageWaitMs (5000 ms)". */
  readonly limit: string
}

/** The last opening's failure, with how long was waited for better news. */
export function outageOutlasted(
  last: Failure,
  { waitedMs, outageMs, attempts, limit, retryAfterMs }: OutageWait,
): Failure {
  const tries = attempts === 1 ? "one attempt" : `${attempts} attempts`
  const message =
    `${sentence(last.message)} Waited ${whole(waitedMs)} ms for a connection, until ${limit}; none could be opened for ` +
    `${whole(outageMs)} ms, in ${tries}.`
  return { ...last, message, retryAfterMs: whole(retryAfterMs) }
}

/** `Resources` broke its promise not to reject. Nobody else may suffer from that. */
export function openingThrew(cause: unknown): Failure {
  const message = sentence(`bug: opening a connection threw: ${cause instanceof Error ? cause.message : String(cause)}`)
  return { ...poolFailure({ kind: "client_error", retry: "never", message, cause }), phase: "connect" }
}

/** It was opened and had died before anybody could use it. */
export function diedAtBirth(): Failure {
  const message = "The connection was lost as soon as it was open."
  const basis = poolFailure({ kind: "connection_failed", retry: "transaction", message })
  return { ...basis, blame: "server", pace: "slow", connection: "discard", origin: "socket", phase: "connect" }
}

interface Told {
  readonly kind: FailureKind
  readonly retry: RetryScope
  readonly message: string
  readonly cause?: unknown
}

/** Nothing was sent and no connection was involved. */
function poolFailure({ kind, retry, message, cause }: Told): Failure {
  return {
    kind,
    blame: "client",
    retry,
    pace: "slow",
    connection: "keep",
    effect: "not_applied",
    origin: "client",
    phase: "acquire",
    message,
    ...(cause !== undefined && { cause }),
  }
}

function describe({ waitedMs, crowd }: Wait): string {
  const { max, idle, leased, opening, waiting } = crowd
  return `waited ${whole(waitedMs)} ms; of at most ${max}, ${leased} are in use, ${idle} idle and ${opening} being opened; ${waiting} in line.`
}

function whole(ms: number): number {
  return Math.round(ms)
}
