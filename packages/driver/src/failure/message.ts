import type { Blame, Failure, FailureKind, Origin, Phase } from "./failure.ts"

/**
 * What to do about it, or what it means, after what was said. Kinds whose own words say it all (a constraint, a syntax error)
 * have none.
 */
const ADVICE: Partial<Readonly<Record<FailureKind, string>>> = {
  serialization_failure: "Concurrent transactions were in each other's way; run the whole transaction again.",
  deadlock_detected: "Run the whole transaction again, and take locks in the same order everywhere.",
  lock_not_available: "Somebody else holds the lock; try again in a moment.",
  lock_timeout: "Somebody else held the lock for longer than lock_timeout.",
  object_in_use: "Try again when nobody else uses it.",
  transaction_aborted: "An earlier statement of this transaction failed; only a rollback ends it.",

  statement_timeout: "Make the statement faster, or raise statement_timeout.",
  query_canceled: "Somebody cancelled the statement, with pg_cancel_backend or a cancel request.",
  transaction_timeout: "Make the transaction shorter, or raise transaction_timeout.",
  idle_in_transaction_timeout:
    "The transaction waited for the application longer than idle_in_transaction_session_timeout.",

  server_shutdown: "The server ended the session: it is shutting down, or an administrator terminated it.",
  server_starting: "The server takes no connections yet, or no more; try again in a moment.",
  server_crashed: "The server went down and ended all sessions; it takes connections again when it has recovered.",
  too_many_connections: "Lower pool.max over all processes, or raise the limit of the server or pooler.",
  pooler_unavailable:
    "The pooler has no server connection to give: the server is down or busy. PgBouncer waits server_login_retry between logins.",
  pool_closed: "Nothing can be sent after the pool was closed.",
  replication_unconfirmed: "It is committed on this server, but the synchronous standby has not confirmed it.",

  authentication_failed: "Check the user, the password and pg_hba.conf.",
  read_only_transaction: "Either the transaction is read-only, or the server is a standby: connect to the primary.",

  prepared_statement_missing: "The session lost it: DEALLOCATE, DISCARD, or a pooler that swapped sessions.",
  prepared_statement_exists: "Another client of the same pooler prepared it; use unnamed statements behind poolers.",
  cached_plan_changed: "A table changed under a prepared statement; prepare it again.",
  cursor_missing: "A cursor ends with its transaction, or with the pooler's session.",

  protocol_violation: "The connection is out of step and was given up; something on the way may not speak PostgreSQL.",
  data_corrupted: "The server's storage may be damaged: look at its log before anything is written.",
}

/** What the pooler's administrator, or its user, has to change; first match wins. */
const POOLER_ADVICE: readonly (readonly [RegExp, string])[] = [
  [
    /^unsupported startup parameter/,
    "Leave it out (connection.options, PGOPTIONS) and set it by ALTER ROLE, or name it in PgBouncer's ignore_startup_parameters.",
  ],
  [
    /^invalid server parameter/,
    "Either the server ended the session at that moment, or client_encoding, application_name or another setting is wrong.",
  ],
  [/^transaction blocks not allowed/, "Use pool_mode transaction or session: statement mode has no transactions."],
]

const HEARD: Readonly<Record<Exclude<Origin, "server">, string>> = {
  pooler: "The pooler said",
  socket: "The connection to PostgreSQL failed",
  dns: "The server's name could not be resolved",
  tls: "No TLS connection could be made",
  driver: "The driver said",
  client: "The statement failed in the client",
}

/** What happened and what to do. PostgreSQL's primary message comes first and unchanged. */
export function describe(kind: FailureKind, origin: Origin, said: string): string {
  const happened = sentence(origin === "server" ? said : `${HEARD[origin]}: ${said === "" ? "no reason given" : said}`)
  const advice = adviceFor(kind, origin, said)
  return advice === undefined ? happened : `${happened} ${advice}`
}

function adviceFor(kind: FailureKind, origin: Origin, said: string): string | undefined {
  const forPooler = origin === "pooler" ? POOLER_ADVICE.find(([text]) => text.test(said)) : undefined
  if (forPooler !== undefined) return forPooler[1]
  if (ADVICE[kind] !== undefined) return ADVICE[kind]
  if (origin === "dns") return "Check the host name and the name service."
  if (origin === "tls") return "Check sslmode and the certificates on both sides."
  if (origin !== "socket") return undefined
  return kind === "resource_exhausted"
    ? "This machine has no file descriptors, ports or memory left: use fewer connections, or raise its limits."
    : "Check that the server runs and that the network reaches it."
}

/** How a failure reads that is ours because we gave up. */
export function abandonment(
  reason: "deadline" | "abort" | "close",
  phase: Phase,
  deadlineMs?: number,
): Pick<Failure, "kind" | "blame" | "origin" | "message"> {
  if (reason === "abort") {
    return { kind: "aborted", blame: "client", origin: "client", message: `Aborted by its caller ${WHILE[phase]}.` }
  }
  if (reason === "close") {
    const message = `The pool was closed ${WHILE[phase]}. Give close() a drainMs to let running work finish.`
    return { kind: "pool_closed", blame: "client", origin: "client", message }
  }
  return {
    kind: "deadline_exceeded",
    blame: DEADLINE_BLAME[phase] ?? "statement",
    origin: "client",
    message: deadlineMessage(phase, deadlineMs),
  }
}

/** A connection attempt without an answer is the server's doing, a full pool is ours; else the statement was slow. */
const DEADLINE_BLAME: Partial<Readonly<Record<Phase, Blame>>> = { connect: "server", acquire: "client" }

const WHILE: Readonly<Record<Phase, string>> = {
  acquire: "while waiting for a connection",
  connect: "while connecting",
  read: "while the statement ran",
  write: "while the statement ran",
  transaction: "while a statement of its transaction ran",
  commit: "while COMMIT was under way",
  rollback: "while ROLLBACK was under way",
  idle: "while the connection was idle",
}

function deadlineMessage(phase: Phase, deadlineMs: number | undefined): string {
  const limit = deadlineMs === undefined ? "The deadline passed" : `The deadline of ${deadlineMs} ms passed`
  const remedy = phase === "acquire" ? "Raise it, or pool.max." : "Raise it, or make the statement faster."
  return `${limit} ${WHILE[phase]}. ${phase === "connect" ? "Raise it, or look at the network." : remedy}`
}

/** With a full stop, where it has none. */
export function sentence(text: string): string {
  const trimmed = text.trim()
  return /[.!?…]$/.test(trimmed) ? trimmed : `${trimmed}.`
}
