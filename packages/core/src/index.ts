export { createDatabase } from "./database.ts"
export { getDatabase } from "./get-database.ts"
export { OptionsError } from "@kysely-resilient/driver"
export type { DatabaseOptions, ErrorOptions } from "./options.ts"
export type { DroppedError } from "./dropped/unseen.ts"
export type { Hooks } from "./query/hooks.ts"

export type { AdvisoryLockOptions, Locked } from "./query/advisory-lock.ts"
export { attempt } from "./query/attempt.ts"
export type { InsertManyError, InsertManyOptions } from "./query/insert-many.ts"
export type { ListenEvent, ListenOptions } from "./query/listen-event.ts"
export { outsideScope, WorkScope } from "./scope/work-scope.ts"
export type { LeftBehind, ScopeOptions, ScopeReport } from "./scope/work-scope.ts"
export type { Repetition } from "./scope/repetitions.ts"
export { prepare } from "./query/prepare.ts"
export type { PreparedQuery } from "./query/prepared-query.ts"
export { resilient } from "./query/resilient.ts"
export type { ResilientOptions } from "./query/resilient.ts"
export type { Asking, BatchAnswer, ErrorOf, Query, RowOf, WithRows } from "./query/query.ts"
export type { Rows } from "./query/row-reader.ts"
export type { RunOptions, StreamOptions } from "./query/run-options.ts"
export type {
  ReadonlyDatabase,
  ReadonlySession,
  ReadonlyTransactionOptions,
  ReadonlyTx,
  ReadQuery,
} from "./query/readonly-session.ts"
export type { Database, QueryBuilders, Session, Tx } from "./query/session.ts"
export type { RawAnswer } from "./query/shapes.ts"
export type { IsolationLevel, TransactionOptions } from "./query/transaction-options.ts"

export { DatabaseError, isDatabaseError } from "./errors/database-error.ts"
export type { ErrorOfKind, QueryError } from "./errors/database-error.ts"
export type { ConstraintOf, DeleteError, InsertError, TransactionError, UpdateError } from "./errors/violations.ts"
export { describe } from "./errors/describe.ts"
export { fieldErrors } from "./errors/field-errors.ts"
export { assertNever, catchConstraint, catchKind } from "./errors/handle.ts"
export { toProblem } from "./errors/problem.ts"
export type { Problem, ProblemOptions } from "./errors/problem.ts"
export { toPromise } from "./errors/to-promise.ts"
export type { Category, ErrorBase, QueryInfo } from "./errors/error-base.ts"
export { unsafeDriverError } from "./errors/error-object.ts"

export { json } from "./schema/json.ts"
export type { ReadyOptions, ReadyReport } from "./query/ready.ts"
export type { Schema } from "./schema/define-schema.ts"
export type { SchemaDrift } from "./schema-check/drift.ts"
export { summaryOf } from "@kysely-resilient/driver"
export type {
  ConnectionSnapshot,
  DriverSnapshot,
  Effect,
  FailedTry,
  GaveUp,
  RetryScope,
} from "@kysely-resilient/driver"

export type { Advice, AdviceSeverity, Evidence, EvidenceValue } from "./advice/advice.ts"

export { ADVICE_THRESHOLDS } from "./advice/thresholds.ts"
export type { AdviceThresholds } from "./advice/thresholds.ts"
export { examine } from "./examine.ts"
export { inquire } from "./inquire.ts"
export type { InquireOptions } from "./inquire.ts"
export type { Examination, ExamineOptions, Unchecked } from "./examine.ts"
export type { Facts, Pings, ServerLimits, Unseen } from "./advice/examined.ts"
export type { ActivityFacts, SessionFacts } from "./advice/facts/activity.ts"
export type { ReplicationFacts } from "./advice/facts/replication.ts"
export type { SequenceFacts } from "./advice/facts/sequences.ts"
export type { ServerFacts } from "./advice/facts/server.ts"
export type { StatementFacts, StatementsPlace } from "./advice/facts/statements.ts"
export type { StorageFacts } from "./advice/facts/storage.ts"
export type { Configuration, ConnectionSummary } from "@kysely-resilient/driver"

export type { Alert, AlertSeverity } from "./health/alert.ts"
export type { AlertLogger, AlertOptions } from "./health/alerting.ts"
export type { HealthStatus, Reason, ReasonCode } from "./health/judge.ts"
export type { Health } from "./health/monitor.ts"
export type { ReportedAdvice, ResilienceReport } from "./health/report.ts"
export type { HealthOptions } from "./health/thresholds.ts"
export type { WebhookOptions } from "./health/webhook.ts"
