import type { CoreFailure, Effect, ErrorKind, Failure, Phase } from "@kysely-resilient/core/testing"

/** What an error is by its kind alone, as the driver would find it. */
interface Likeness {
  readonly sqlState?: string
  readonly retry?: Failure["retry"]
  readonly effect?: Effect
  readonly phase?: Phase
}

const CONFLICT = { retry: "transaction" } as const
const LOST = { retry: "statement" } as const
const NEVER_SENT = { phase: "acquire" } as const

/** A SQLSTATE is one that the driver takes for the kind; `test/unit/testing/core` compares the two. */
const LIKENESSES: Readonly<Record<ErrorKind, Likeness>> = {
  unique_violation: { sqlState: "23505" },
  foreign_key_violation: { sqlState: "23503" },
  check_violation: { sqlState: "23514" },
  not_null_violation: { sqlState: "23502" },
  exclusion_violation: { sqlState: "23P01" },
  integrity_constraint_violation: { sqlState: "23000" },

  serialization_failure: { sqlState: "40001", ...CONFLICT },
  deadlock_detected: { sqlState: "40P01", ...CONFLICT },
  lock_not_available: { sqlState: "55P03", ...CONFLICT },
  object_in_use: { sqlState: "55006", ...LOST },
  transaction_aborted: { sqlState: "25P02" },
  cached_plan_changed: CONFLICT,

  statement_timeout: {},
  lock_timeout: CONFLICT,
  query_canceled: { sqlState: "57014", ...CONFLICT },
  transaction_timeout: { sqlState: "25P04" },
  idle_in_transaction_timeout: { sqlState: "25P03", ...CONFLICT },
  deadline_exceeded: {},
  aborted: {},
  pool_timeout: { ...LOST, ...NEVER_SENT },
  pool_full: { ...LOST, ...NEVER_SENT },
  pool_deadlock: NEVER_SENT,

  connection_failed: { ...LOST },
  server_shutdown: { sqlState: "57P01", ...CONFLICT },
  server_starting: { sqlState: "57P03", ...LOST, phase: "connect" },
  server_crashed: { sqlState: "57P02", ...CONFLICT },
  too_many_connections: { sqlState: "53300", ...LOST, phase: "connect" },
  resource_exhausted: { sqlState: "53200", ...CONFLICT },
  pooler_unavailable: { ...LOST, phase: "connect" },
  pool_closed: NEVER_SENT,
  circuit_open: { ...LOST, ...NEVER_SENT },
  replication_unconfirmed: { effect: "applied_locally", phase: "commit" },
  prepared_statement_missing: { sqlState: "26000", ...CONFLICT },
  prepared_statement_exists: { sqlState: "42P05", ...CONFLICT },

  data_exception: { sqlState: "22P02" },
  insufficient_privilege: { sqlState: "42501" },
  authentication_failed: { sqlState: "28P01", phase: "connect" },
  read_only_transaction: { sqlState: "25006" },
  invalid_statement: { sqlState: "42601" },
  invalid_transaction_state: { sqlState: "25001" },
  raised_exception: { sqlState: "P0001" },
  encode_failed: {},
  refused: {},
  configuration: { phase: "connect" },
  cursor_missing: { sqlState: "34000", ...CONFLICT },

  decode_failed: { effect: "applied" },
  no_row: { effect: "applied" },
  too_many_rows: { effect: "applied" },

  protocol_violation: { ...LOST, effect: "unknown" },
  data_corrupted: { sqlState: "XX001" },
  server_error: { sqlState: "XX000" },
  client_error: {},
  callback_threw: {},
  schema_drift: {},
}

/** What a test may say of a failure beyond its kind. */
export interface FailureFacts {
  readonly effect?: Effect
  readonly retry?: Failure["retry"]
  readonly phase?: Phase
  readonly sqlState?: string
  readonly retryAfterMs?: number
  readonly token?: string
  readonly table?: string
  readonly constraint?: string
  readonly column?: string
}

export const ALL_KINDS: readonly ErrorKind[] = Object.keys(LIKENESSES).filter(isKind)

export function isKind(kind: string): kind is ErrorKind {
  return Object.hasOwn(LIKENESSES, kind)
}

/** A failure as the driver would have found it. Whatever is not said is as it usually is. */
export function failureOf<K extends ErrorKind>(kind: K, facts: FailureFacts = {}): CoreFailure<K> {
  const likeness: Likeness = LIKENESSES[kind]
  const effect = facts.effect ?? likeness.effect ?? "not_applied"
  const sqlState = facts.sqlState ?? likeness.sqlState
  const phase = facts.phase ?? likeness.phase ?? "write"
  const { table, constraint, column, retryAfterMs, token } = facts
  return {
    kind,
    message: `a test's ${kind}`,
    blame: "statement",
    retry: facts.retry ?? (effect === "not_applied" ? scopeOf(likeness.retry ?? "never", phase) : "never"),
    pace: "quick",
    connection: "keep",
    effect,
    origin: sqlState === undefined ? "client" : "server",
    phase,
    ...(sqlState !== undefined && { sqlState }),
    ...(table !== undefined && { table }),
    ...(constraint !== undefined && { constraint }),
    ...(column !== undefined && { column }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(token !== undefined && { token }),
  }
}

/** Inside of a transaction a statement alone cannot be done again. */
function scopeOf(retry: Failure["retry"], phase: Phase): Failure["retry"] {
  return retry === "statement" && (phase === "transaction" || phase === "commit") ? "transaction" : retry
}
