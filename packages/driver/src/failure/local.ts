import { verdictOf } from "./classify.ts"
import { effectOf, untouched } from "./effect.ts"
import type { Ending, Evidence } from "./effect.ts"
import type { Failure, Origin } from "./failure.ts"
import { abandonment, sentence } from "./message.ts"
import { credentials } from "./node-postgres.ts"
import { conflict, fault, loss, misuse } from "./row.ts"
import type { Row } from "./row.ts"
import { UNCONFIRMED } from "./sqlstate.ts"

/**
 * We stopped waiting, with no word from the server: the operation's deadline passed (`limitMs`, over all its attempts and
 * waits), its signal was aborted (`cause`: the signal's reason), or the pool was closed.
 */
export function abandoned(
  reason: "deadline" | "abort" | "close",
  evidence: Evidence,
  { limitMs, cause }: { readonly limitMs?: number; readonly cause?: unknown } = {},
): Failure {
  const row: Row = evidence.sent ? loss("connection_failed", { retry: "never", pace: "quick" }) : misuse("aborted")
  const { message, ...rest } = abandonment(reason, evidence.phase, limitMs ?? evidence.deadlineMs)
  return { ...make(row, evidence, message, { cause }), ...rest }
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

/** A server answered, but it takes no writes, and where it stands there was one that did. */
export function primaryMissing(): Failure {
  return make(
    loss("connection_failed", { heal: "find_primary" }),
    { ...untouched("connect"), everConnected: true },
    "The server takes no writes: it is a standby now, or default_transaction_read_only is on. One that does is waited for.",
    { origin: "server" },
  )
}

/** The function that gives us passwords failed, or gave something that is none. */
export function passwordFailed(cause: unknown): Failure {
  return make(credentials(), untouched("connect"), "The function that gives the password failed.", { cause })
}

/** Refused before it was sent. `why` is a sentence that says what to do instead. */
export function refused({
  why,
  evidence = untouched("write"),
}: {
  readonly why: string
  readonly evidence?: Evidence
}): Failure {
  return make(misuse("refused"), evidence, sentence(why))
}

/** A parameter that cannot be sent. `why` never quotes its value. */
export function encodeFailed({ why, cause }: { readonly why: string; readonly cause?: unknown }): Failure {
  return make(misuse("encode_failed"), untouched("write"), sentence(why), { cause })
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
