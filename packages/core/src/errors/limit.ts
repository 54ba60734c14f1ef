import type { ErrorBase } from "./error-base.ts"
import { saidOr, type Words } from "./words.ts"

export type LimitKind =
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

/** A time, a deadline or a queue ran out, or the caller gave up. */
export type LimitError<K extends LimitKind> = ErrorBase<K, "limit">

export type StatementTimeout = LimitError<"statement_timeout">
export type LockTimeout = LimitError<"lock_timeout">
/** Somebody else cancelled the statement on the server. */
export type QueryCanceled = LimitError<"query_canceled">
export type TransactionTimeout = LimitError<"transaction_timeout">
export type IdleInTransactionTimeout = LimitError<"idle_in_transaction_timeout">
/** The operation's own `timeoutMs`, or its transaction's, has passed. */
export type DeadlineExceeded = LimitError<"deadline_exceeded">
/** The caller's AbortSignal fired. */
export type Aborted = LimitError<"aborted">
/** No connection became free in time. Nothing was sent. */
export type PoolTimeout = LimitError<"pool_timeout">
/** Too many were waiting already. Nothing was sent. */
export type PoolFull = LimitError<"pool_full">
/** All connections are held by transactions that wait for one more. Nothing was sent. */
export type PoolDeadlock = LimitError<"pool_deadlock">

export type AnyLimitError =
  | StatementTimeout
  | LockTimeout
  | QueryCanceled
  | TransactionTimeout
  | IdleInTransactionTimeout
  | DeadlineExceeded
  | Aborted
  | PoolTimeout
  | PoolFull
  | PoolDeadlock

export const LIMIT_WORDS: Words<LimitKind> = {
  statement_timeout: () => "The server's statement_timeout has passed",
  lock_timeout: () => "The server's lock_timeout has passed while waiting for a lock",
  query_canceled: () => "Somebody cancelled the statement on the server",
  transaction_timeout: (facts) => saidOr(facts, "The server's transaction_timeout has passed"),
  idle_in_transaction_timeout: () => "The server's idle_in_transaction_session_timeout has passed",
  deadline_exceeded: (facts) => saidOr(facts, "The operation's deadline has passed"),
  aborted: () => "The operation was aborted by its signal",
  pool_timeout: (facts) => saidOr(facts, "No connection became free in time"),
  pool_deadlock: (facts) => saidOr(facts, "All connections are held by transactions that wait for one more"),
  pool_full: (facts) => saidOr(facts, "Too many operations are waiting for a connection already"),
}
