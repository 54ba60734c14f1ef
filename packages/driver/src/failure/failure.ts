/** What the server has done of what it was asked to do. `applied_locally`: committed here, not confirmed by the synchronous standby. */
export type Effect = "not_applied" | "applied" | "applied_locally" | "unknown"

/**
 * Which step of a statement's life failed.
 *
 * - `acquire`: waiting for a connection; nothing was sent
 * - `connect`: opening a connection; nothing of the caller's was sent
 * - `read`, `write`: an autocommit statement
 * - `transaction`: BEGIN, or a statement inside an explicit transaction, before COMMIT was sent
 * - `commit`: COMMIT was sent
 * - `rollback`: ROLLBACK was sent
 * - `idle`: the connection was in nobody's use
 */
export type Phase = "acquire" | "connect" | "read" | "write" | "transaction" | "commit" | "rollback" | "idle"

/** Who said it. `pooler`: an ErrorResponse that no PostgreSQL source file signed (no `routine`). */
export type Origin = "server" | "pooler" | "socket" | "dns" | "tls" | "driver" | "client"

/**
 * What went wrong, as a program would branch on it: PostgreSQL condition names (Appendix A of its manual) where one exists, and for the
 * rest our own words in the same style.
 */
export type FailureKind =
  // constraint
  | "unique_violation"
  | "foreign_key_violation"
  | "check_violation"
  | "not_null_violation"
  | "exclusion_violation"
  | "integrity_constraint_violation"
  // conflict
  | "serialization_failure"
  | "deadlock_detected"
  | "lock_not_available"
  | "object_in_use"
  | "transaction_aborted"
  // limit
  | "statement_timeout"
  | "lock_timeout"
  | "query_canceled"
  | "transaction_timeout"
  | "idle_in_transaction_timeout"
  | "deadline_exceeded"
  | "aborted"
  | "pool_timeout"
  | "pool_full"
  | "pool_deadlock"
  // availability
  | "connection_failed"
  | "server_shutdown"
  | "server_starting"
  | "server_crashed"
  | "too_many_connections"
  | "resource_exhausted"
  | "pooler_unavailable"
  | "pool_closed"
  | "circuit_open"
  // COMMIT stands on this server, and its synchronous standby has not confirmed it
  | "replication_unconfirmed"
  // request
  | "data_exception"
  | "insufficient_privilege"
  | "authentication_failed"
  | "read_only_transaction"
  | "invalid_statement"
  | "invalid_transaction_state"
  | "raised_exception"
  | "encode_failed"
  | "refused"
  | "configuration"
  // result
  | "decode_failed"
  // session: what a healed session may run again
  | "prepared_statement_missing"
  | "prepared_statement_exists"
  | "cached_plan_changed"
  | "cursor_missing"
  // bug
  | "protocol_violation"
  | "data_corrupted"
  | "server_error"
  | "client_error"

/** Whose fault: the breaker and the health window count only what the server is to blame for. */
export type Blame = "server" | "statement" | "client"

/** What may help. `transaction` includes an autocommit statement, which is its own transaction. */
export type RetryScope = "never" | "statement" | "transaction"

export type Pace = "quick" | "slow"

/** What becomes of the physical connection. `repair`: wait for ReadyForQuery, then ROLLBACK if a transaction is open. */
export type ConnectionFate = "keep" | "repair" | "discard" | "discard_generation"

export type Heal = "forget_statement" | "new_credentials" | "find_primary"

/** What an error *is*: one row of the table in `sqlstate.ts`, `network.ts` or `pooler.ts`. */
export interface Verdict {
  readonly kind: FailureKind
  readonly blame: Blame
  readonly retry: RetryScope
  /** A bound of this row's own, below `attemptsMax`. */
  readonly retriesMax?: number
  readonly pace: Pace
  readonly connection: ConnectionFate
  readonly heal?: Heal
}

/** What went wrong, in our words. Everything above this layer asks the Failure, never an SQLSTATE. */
export interface Failure extends Verdict {
  readonly effect: Effect
  readonly origin: Origin
  readonly phase: Phase
  /** What to tell a person. From the server's primary message where there is one; see `message.ts`. */
  readonly message: string
  /** SQLSTATE, five characters. */
  readonly sqlState?: string
  /** Node's error code: ECONNRESET, ENOTFOUND, … */
  readonly errno?: string
  readonly severity?: string
  readonly routine?: string
  readonly schema?: string
  readonly table?: string
  readonly column?: string
  readonly dataType?: string
  readonly constraint?: string
  /** With effect `unknown`: what `resolve(token)` takes, later or elsewhere, if there is a way to find out. */
  readonly token?: string
  /** When it makes sense to come back. */
  readonly retryAfterMs?: number
  /** The thing that was thrown or received. May quote row data: never printed, never enumerable in what applications get. */
  readonly cause?: unknown
}

/** Inside the driver failures are values; they are thrown at Kysely's door and only there. */
export type Outcome<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Failure }

export function success<T>(value: T): Outcome<T> {
  return { ok: true, value }
}

export function failed(failure: Failure): { readonly ok: false; readonly failure: Failure } {
  return { ok: false, failure }
}

/** Why a statement was not tried again; in the event and in the error. */
export type GaveUp =
  | "not-transient"
  | "in-transaction"
  | "effect-unknown"
  | "session-pinned"
  | "attempts-spent"
  | "budget-spent"
  | "deadline-near"
  | "switched-off"
  | "rows-delivered"
