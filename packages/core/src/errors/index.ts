// The subpath `@kysely-resilient/core/errors`: everything about errors, without the rest.
export { DatabaseError, isDatabaseError } from "./database-error.ts"
export type { ErrorOfKind, OtherError, QueryError } from "./database-error.ts"
export type {
  ConstrainedTable,
  ConstraintOf,
  ConstraintsOf,
  DeleteError,
  InsertError,
  TransactionError,
  UpdateError,
  ViolationOf,
} from "./violations.ts"
export { describe } from "./describe.ts"
export { fieldErrors } from "./field-errors.ts"
export type { FieldErrors, FieldMessage, FieldMessages } from "./field-errors.ts"
export { assertNever, catchConstraint, catchKind } from "./handle.ts"
export { toProblem } from "./problem.ts"
export type { Problem, ProblemOptions } from "./problem.ts"
export { toPromise } from "./to-promise.ts"
export type { Category, ErrorBase, QueryInfo } from "./error-base.ts"
export { unsafeDriverError } from "./error-object.ts"
export type {
  AnyConstraintError,
  CheckViolation,
  ConstraintError,
  ExclusionViolation,
  ForeignKeyViolation,
  IntegrityConstraintViolation,
  NotNullViolation,
  UniqueViolation,
} from "./constraint.ts"
export type {
  AnyConflictError,
  CachedPlanChanged,
  DeadlockDetected,
  LockNotAvailable,
  ObjectInUse,
  SerializationFailure,
  TransactionAborted,
} from "./conflict.ts"
export type {
  Aborted,
  AnyLimitError,
  DeadlineExceeded,
  IdleInTransactionTimeout,
  LockTimeout,
  PoolDeadlock,
  PoolFull,
  PoolTimeout,
  QueryCanceled,
  StatementTimeout,
  TransactionTimeout,
} from "./limit.ts"
export type {
  AnyAvailabilityError,
  CircuitOpen,
  ConnectionFailed,
  PoolClosed,
  PoolerUnavailable,
  PreparedStatementExists,
  PreparedStatementMissing,
  ReplicationUnconfirmed,
  ResourceExhausted,
  ServerCrashed,
  ServerShutdown,
  ServerStarting,
  TooManyConnections,
} from "./availability.ts"
export type {
  AnyRequestError,
  AuthenticationFailed,
  ConfigurationError,
  CursorMissing,
  DataException,
  EncodeFailed,
  InsufficientPrivilege,
  InvalidStatement,
  InvalidTransactionState,
  RaisedException,
  ReadOnlyTransaction,
  Refused,
} from "./request.ts"
export type { DecodeFailed, NoRow, TooManyRows } from "./result.ts"
export type {
  AnyBugError,
  CallbackThrew,
  ClientError,
  DataCorrupted,
  ProtocolViolation,
  SchemaDrifted,
  ServerError,
} from "./bug.ts"
