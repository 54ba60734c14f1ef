import { loss, misconfigured, misuse } from "./row.ts"
import type { Row } from "./row.ts"
import type { Origin } from "./failure.ts"
import type { Report } from "./network.ts"
import type { Layer } from "./layers.ts"

/**
 * What pg, pg-pool and pg-protocol throw themselves. Nothing but the English text tells these errors apart, so they are asked
 * last. Texts of pg 8.23.1 and pg-pool 3.14.0; a contract test watches them.
 */
const TEXTS: Readonly<Record<string, Row>> = {
  "timeout exceeded when trying to connect": misuse("pool_timeout", { retry: "statement", pace: "slow" }),
  "Connection terminated due to connection timeout": unreachable(),
  "timeout expired": unreachable(),

  "Cannot use a pool after calling end on the pool": misuse("pool_closed"),
  "Called end on pool more than once": misuse("pool_closed"),

  "Client has already been connected. You cannot reuse a client.": misuse("client_error"),
  "Release called on client which has already been released to the pool.": misuse("client_error"),
  "Client was passed a null or undefined query": misuse("client_error"),
  "callback is not a function": misuse("client_error"),
  "unexpected condition": misuse("client_error", { connection: "discard" }),

  // These come in answer to a statement that was never sent: the connection had died, or been ended, before it.
  "Client has encountered a connection error and is not queryable": loss("connection_failed", { says: "unforwarded" }),
  "Client was closed and is not queryable": loss("connection_failed", { blame: "client", says: "unforwarded" }),

  "Connection terminated unexpectedly": loss("connection_failed"),
  "Connection terminated": loss("connection_failed", { blame: "client" }),

  // pg's `query_timeout` gives up waiting and leaves the session busy: never to be used again.
  "Query read timeout": loss("deadline_exceeded", { blame: "statement" }),

  "Query values must be an array": misuse("encode_failed"),
  "A query must have either text or a name. Supplying neither is unsupported.": misuse("encode_failed"),

  "The server does not support SSL connections": misconfigured("configuration"),
  "There was an error establishing an SSL connection": loss("connection_failed", { retriesMax: 1 }),
  "Password must be a string": credentials(),
}

const PATTERNS: readonly (readonly [RegExp, Row])[] = [
  [/^Received unexpected \w+ message from backend\.$/, desynchronised()],
  [/^received invalid response: |^Unknown authenticationOk message type |^Binary mode not supported/, desynchronised()],
  [/^SASL: |^SASL channel binding: /, misconfigured("authentication_failed")],
  [/^Prepared statements must be unique/, misuse("encode_failed")],
  [/^circular reference detected while preparing /, misuse("encode_failed")],
  [/not supported in pipeline mode$/, misuse("client_error", { connection: "discard" })],
]

/** Undefined if the text is none of theirs. */
export function reportOfText(said: Layer): Report | undefined {
  const row = Object.hasOwn(TEXTS, said.message)
    ? TEXTS[said.message]
    : PATTERNS.find(([pattern]) => pattern.test(said.message))?.[1]
  return row === undefined ? undefined : { origin: originOf(said.message, row), row }
}

/** No password, or none that is one: perhaps it was only its key store's bad moment. */
export function credentials(): Row {
  return loss("authentication_failed", { blame: "client", retriesMax: 1, heal: "new_credentials" })
}

/** We and the server no longer agree on where a message begins. */
export function desynchronised(): Row {
  return loss("protocol_violation")
}

function unreachable(): Row {
  return loss("connection_failed", { heal: "find_primary" })
}

function originOf(text: string, row: Row): Origin {
  if (text.includes(" SSL connection")) return "tls"
  if (text.startsWith("Connection terminated")) return "socket"
  return row.kind === "encode_failed" ? "client" : "driver"
}
