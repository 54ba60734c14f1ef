import type { Category, ErrorBase } from "./error-base.ts"
import { saidOr, type Words } from "./words.ts"

export type ConflictKind =
  | "serialization_failure"
  | "deadlock_detected"
  | "lock_not_available"
  | "object_in_use"
  | "transaction_aborted"
  | "cached_plan_changed"

/** Another transaction was in the way. Nothing was applied; `db.transaction` runs its callback again by itself. */
export type ConflictError<K extends ConflictKind> = ErrorBase<K, "conflict">

export type SerializationFailure = ConflictError<"serialization_failure">
export type DeadlockDetected = ConflictError<"deadlock_detected">
export type LockNotAvailable = ConflictError<"lock_not_available">
/** Others use what was to be changed or dropped. */
export type ObjectInUse = ConflictError<"object_in_use">
export type CachedPlanChanged = ConflictError<"cached_plan_changed">

/** COMMIT was asked for, and the transaction had failed before: it was rolled back. */
export interface TransactionAborted extends ConflictError<"transaction_aborted"> {
  /** The error of the statement that aborted it, which its callback passed over. */
  readonly first: ErrorBase<string, Category> | undefined
}

export type AnyConflictError =
  | SerializationFailure
  | DeadlockDetected
  | LockNotAvailable
  | ObjectInUse
  | TransactionAborted
  | CachedPlanChanged

export const CONFLICT_WORDS: Words<ConflictKind> = {
  serialization_failure: (facts) => saidOr(facts, "Another transaction has changed what this one relied on"),
  deadlock_detected: () => "Two transactions waited for each other, and PostgreSQL ended this one",
  lock_not_available: (facts) => saidOr(facts, "A lock was not to be had"),
  object_in_use: () => "Others are using what the statement wants for itself",
  transaction_aborted: () => "The transaction was rolled back, because a statement in it had failed",
  cached_plan_changed: () =>
    "The result's columns changed while the statement was prepared: the schema was altered meanwhile",
}
