import type { ErrorKind } from "./redaction.ts"

/** What an application, or whoever runs it, should do about an error that has reached them. */
export const REMEDIES: Readonly<Record<ErrorKind, string>> = {
  unique_violation: "Tell the user that it is taken (`catchConstraint`, `fieldErrors`), or write `on conflict`",
  foreign_key_violation: "Tell the user what is missing or still in use; delete or insert in the right order",
  check_violation: "Tell the user which value is not allowed",
  not_null_violation: "Give the value, or a default",
  exclusion_violation: "Tell the user with what it collides: another booking, another range",
  integrity_constraint_violation: "Look which constraint it is",

  serialization_failure:
    "Nothing, in `db.transaction`: its callback runs again. If it still comes, make transactions shorter, or contend less",
  deadlock_detected: "Nothing, in `db.transaction`: its callback runs again. Take locks in the same order everywhere",
  lock_not_available: "Try later: somebody holds the lock, and the statement said NOWAIT",
  object_in_use: "Try later, when nobody else uses it",
  transaction_aborted:
    "Look at `first`, the error that aborted it; do not swallow errors inside of a transaction, or use a savepoint",
  cached_plan_changed: "Nothing: a transaction runs again. Otherwise run it again yourself",

  statement_timeout: "Make the statement faster, or raise `statement_timeout` or `timeoutMs`",
  lock_timeout: "Find out who holds the lock for so long; raise `lockTimeoutMs`",
  query_canceled: "Ask who cancelled it: an administrator, or a conflict with recovery on a standby",
  transaction_timeout: "Make the transaction shorter, or raise its `timeoutMs`",
  idle_in_transaction_timeout: "Do not wait for anything else while a transaction is open",
  deadline_exceeded: "Answer 504, or raise `timeoutMs`; if the effect is unknown, ask later with the token",
  aborted: "Nothing: you did it. If the effect is unknown, ask later with the token",
  pool_timeout: "Answer 503: too much work for `pool.max` connections, or they are held for too long",
  pool_full: "Answer 503 with `retryAfterMs`: shed load earlier",
  pool_deadlock: "Use `tx`, not `db`, inside of a transaction",

  connection_failed:
    "Where none comes about, look at host and port, and whether the server runs. If the effect is `not_applied`, try again after `retryAfterMs`; if `unknown`, `db.resolve(token)`",
  server_shutdown:
    "Somebody restarts the server, or ended the session: if the effect is `not_applied`, try again after `retryAfterMs`; if `unknown`, `db.resolve(token)`",
  server_starting: "Try again after `retryAfterMs`: it is recovering",
  server_crashed:
    "If the effect is `not_applied`, try again after `retryAfterMs`; if `unknown`, `db.resolve(token)`. The server's log says why it crashed",
  too_many_connections: "Lower `pool.max` over all processes, or raise the server's or the pooler's limit",
  resource_exhausted: 'Free memory, disk or ports, of the server or (`blame: "client"`) of this machine',
  pooler_unavailable: "Look behind the pooler: the server is down, busy or paused",
  pool_closed: "Do not use a database after `close()`",
  circuit_open: "Answer 503 with `retryAfterMs`: the server is looked for meanwhile",
  replication_unconfirmed: "It is committed here, do not repeat it: a failover now may lose it",
  prepared_statement_missing: "Nothing: a transaction runs again. It comes from DEALLOCATE, DISCARD, or a pooler",
  prepared_statement_exists: "Nothing: a transaction runs again. Another client of the same pooler has taken the name",

  data_exception: "Check the value before it is sent; `unsafeDriverError` has the server's words, which quote it",
  insufficient_privilege: "GRANT what is missing, or use another user",
  authentication_failed: "Check user, password and pg_hba.conf; give `password` as a function if it expires",
  read_only_transaction: "Do not write in a read-only transaction; on a standby, connect to the primary",
  invalid_statement: "Correct the SQL, or run the migrations that it needs",
  invalid_transaction_state: "Correct the order of statements; behind a pooler, use its transaction mode",
  raised_exception: "Handle what your own function raises, by its SQLSTATE",
  encode_failed: "Correct the value or the text: the message says which one and why",
  refused: "Do what the message says",
  configuration: "Correct the options, the connection string, TLS, or the database's name",
  cursor_missing: "Keep a cursor to its transaction, and to one session",

  decode_failed: "Correct the type parser of that column: the statement has run, and a write stands",
  no_row: "Write `maybeOne` if there may be none",
  too_many_rows: "Write `first` or `all` if there may be more",

  protocol_violation: "Find out what stands between: something on the way does not speak PostgreSQL",
  data_corrupted: "Stop writing, look at the server's log, think of your backups",
  server_error: "Look at the server's log",
  client_error: "Report it: something threw that should not",
  schema_drift: "Generate the types again, or migrate the database; `error.drift` names all that differs",
  callback_threw: "Correct the callback; `unsafeDriverError` has what it threw",
}
