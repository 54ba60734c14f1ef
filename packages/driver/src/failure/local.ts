import { classify, verdictOf } from "./classify.ts"
import { effectOf, untouched } from "./effect.ts"
import type { Ending, Evidence } from "./effect.ts"
import type { Failure, Origin } from "./failure.ts"
import { abandonment, sentence } from "./message.ts"
import { credentials, desynchronised } from "./node-postgres.ts"
import { conflict, fault, loss, misuse } from "./row.ts"
import type { Row } from "./row.ts"
import { UNCONFIRMED } from "./sqlstate.ts"

/** How full the pool was; a `PoolStats` is one. */
export interface PoolLoad {
  readonly max: number
  readonly idle: number
  readonly leased: number
  readonly opening: number
  readonly waiting: number
  /** Milliseconds since nothing can be opened. */
  readonly outageMs: number | undefined
}

/** Waited in line for too long. Nothing was sent, so its caller may try again. */
export function poolTimeout({ waitedMs, stats }: { readonly waitedMs: number; readonly stats: PoolLoad }): Failure {
  const { max, leased, opening, waiting, outageMs } = stats
  const load = `${leased} of ${max} in use, ${opening} opening, ${waiting} waiting`
  return outageMs === undefined
    ? make(
        misuse("pool_timeout", { retry: "statement", pace: "slow" }),
        untouched("acquire"),
        `No connection became free within ${waitedMs} ms (${load}). ` +
          "Raise pool.max or pool.acquireTimeoutMs, or look for transactions that are held for long.",
      )
    : make(
        misuse("pool_timeout", { blame: "server", retry: "statement", pace: "slow" }),
        untouched("acquire"),
        `No connection within ${waitedMs} ms: none could be opened for ${outageMs} ms (${load}).`,
      )
}

/** An outage lasted longer than anybody wanted to wait; `last` is why the last opening failed. */
export function outageOutlasted({ waitedMs, last }: { readonly waitedMs: number; readonly last: Failure }): Failure {
  return {
    ...last,
    phase: "acquire",
    connection: "keep",
    message: `No connection could be opened for ${waitedMs} ms. ${last.message}`,
  }
}

/** The line is full: better to say so at once than to let everybody wait for nothing. */
export function poolFull({ waiting, waitersMax }: { readonly waiting: number; readonly waitersMax: number }): Failure {
  return make(
    misuse("pool_full", { retry: "statement", pace: "slow" }),
    untouched("acquire"),
    `${waiting} statements already wait for a connection, and pool.waitersMax is ${waitersMax}. Send less at once, or raise pool.max.`,
  )
}

/** Asked for something after `close()`. What `close()` cut short is `abandoned` with reason `close`. */
export function poolClosed(): Failure {
  return make(misuse("pool_closed"), untouched("acquire"), "The pool is closed: nothing can be sent any more.")
}

/** We stopped waiting, with no word from the server; `cause` is an abort signal's reason. */
export function abandoned(
  reason: "deadline" | "abort" | "close",
  evidence: Evidence,
  { limitMs, cause }: { readonly limitMs?: number; readonly cause?: unknown } = {},
): Failure {
  const row: Row = evidence.sent ? loss("connection_failed", { retry: "never", pace: "quick" }) : misuse("aborted")
  const { message, ...rest } = abandonment(reason, evidence.phase, limitMs ?? evidence.deadlineMs)
  return { ...make(row, evidence, message, { cause }), ...rest }
}

/** The deadline of one operation, over all its attempts and waits. */
export function deadlineExceeded({
  limitMs,
  evidence,
}: {
  readonly limitMs: number
  readonly evidence: Evidence
}): Failure {
  return abandoned("deadline", evidence, { limitMs })
}

export function aborted({ reason, evidence }: { readonly reason: unknown; readonly evidence: Evidence }): Failure {
  return abandoned("abort", evidence, { cause: reason })
}

/** A transaction was held longer than it may be; it is rolled back, or its connection closed. */
export function transactionTimeout({
  limitMs,
  evidence,
}: {
  readonly limitMs: number
  readonly evidence: Evidence
}): Failure {
  return make(
    fault("transaction_timeout", { blame: "client" }),
    evidence,
    `The transaction's deadline of ${limitMs} ms passed before it was committed. Make it shorter, or raise its timeoutMs.`,
  )
}

/** The connection ended, and nothing said why. */
export function connectionLost(evidence: Evidence, cause?: unknown): Failure {
  return classify(cause ?? new Error("Connection terminated unexpectedly"), evidence)
}

/** A new connection was not ready in time. */
export function connectTimeout({
  limitMs,
  everConnected = false,
}: {
  readonly limitMs: number
  readonly everConnected?: boolean
}): Failure {
  return make(
    loss("connection_failed", { heal: "find_primary" }),
    { ...untouched("connect"), everConnected },
    `PostgreSQL did not accept the connection within ${limitMs} ms. Look at the network and the server's load, or raise timeouts.connectMs.`,
    { origin: "socket" },
  )
}

/** The function that gives us passwords failed. */
export function passwordFailed(cause: unknown): Failure {
  return make(credentials(), untouched("connect"), "The function that gives the password failed.", { cause })
}

/** What the server sent cannot be what it meant. */
export function protocolViolation(evidence: Evidence, cause: unknown): Failure {
  return make(
    desynchronised(),
    evidence,
    "What came from the server is not the PostgreSQL protocol, or not in step. The connection was given up.",
    { cause, origin: "driver" },
  )
}

/** Refused before it was sent. `why` is a sentence that says what to do instead. */
export function refused({
  why,
  evidence = untouched("write"),
}: {
  readonly why: string
  readonly evidence?: Evidence
}): Failure {
  return make(misuse("refused"), evidence, why)
}

/** A parameter that cannot be sent. `why` never quotes its value. */
export function encodeFailed({ why, cause }: { readonly why: string; readonly cause?: unknown }): Failure {
  return make(misuse("encode_failed"), untouched("write"), why, { cause })
}

/** The server did what it was asked, and its answer cannot be read. */
export function decodeFailed({
  column,
  type,
  evidence,
  cause,
}: {
  readonly column: string
  /** The type's name, or its number. */
  readonly type: string
  readonly evidence: Evidence
  readonly cause?: unknown
}): Failure {
  const message = `Column "${column}" of type ${type} could not be decoded. Check the parser for this type.`
  return {
    ...make(misuse("decode_failed"), evidence, message, { cause, ending: "acknowledged" }),
    column,
    dataType: type,
  }
}

/** COMMIT was answered with ROLLBACK, or refused by us: a statement had failed. `first` is that failure, if it is known. */
export function transactionAborted({
  first,
  evidence,
}: {
  readonly first?: Failure
  readonly evidence: Evidence
}): Failure {
  const row =
    first?.retry === "transaction"
      ? conflict("transaction_aborted", { pace: first.pace, connection: "keep" })
      : fault("transaction_aborted", { connection: "keep" })
  const why = first === undefined ? "an earlier statement of it had failed" : `a statement had failed: ${first.message}`
  return make(row, evidence, sentence(`The transaction was rolled back, because ${why}`), { cause: first?.cause })
}

/** COMMIT was answered with the warning that no transaction was open, so it committed nothing of ours. */
export function commitWithoutTransaction(evidence: Evidence): Failure {
  return make(
    loss("invalid_transaction_state", { retry: "never" }),
    { ...evidence, noTransaction: true },
    "COMMIT found no transaction open in the session it reached. Behind a pooler, use its transaction mode, not statement mode.",
    { origin: "server" },
  )
}

/** COMMIT succeeded, but its wait for the synchronous standby was cut short. */
export function replicationUnconfirmed(evidence: Evidence): Failure {
  return make(
    UNCONFIRMED,
    { ...evidence, syncRepWait: true },
    "It is committed on this server, but the wait for the synchronous standby was cut short: a failover now may lose it.",
    { origin: "server" },
  )
}

interface Extra {
  readonly origin?: Origin
  readonly ending?: Ending
  readonly cause?: unknown
}

function make(row: Row, evidence: Evidence, message: string, extra: Extra = {}): Failure {
  const ending = extra.ending ?? "lost"
  return {
    ...verdictOf(row, { evidence, rank: "unknown" }, ending),
    effect: effectOf(evidence, ending),
    origin: extra.origin ?? "client",
    phase: evidence.phase,
    message,
    ...(extra.cause !== undefined && { cause: extra.cause }),
  }
}
