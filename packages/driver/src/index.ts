export { ResilientPostgresDialect } from "./resilient-postgres-dialect.ts"
export { DriverError } from "./kysely/driver-error.ts"
export { createEngine } from "./assemble.ts"
export type {
  Engine,
  LeaseHandle,
  ReadyReport,
  Session,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  TransactionSettings,
} from "./engine.ts"
export type {
  Blame,
  ConnectionFate,
  Effect,
  Failure,
  FailureKind,
  GaveUp,
  Origin,
  Outcome,
  Pace,
  Phase,
  RetryScope,
} from "./failure/failure.ts"
export { journalWaited, journalWith } from "./failure/journal.ts"
export type { FailedTry } from "./failure/journal.ts"
export { BUGGIFY_KINDS } from "./foundation/buggify-kind.ts"
export type { BuggifyKind } from "./foundation/buggify-kind.ts"
export { deadlineAfter } from "./foundation/deadline.ts"
export type { Deadline } from "./foundation/deadline.ts"
export { literalsOf, withoutLiterals } from "./foundation/literals.ts"
export { systemClock } from "./foundation/clock.ts"
export type { Clock, Random } from "./foundation/clock.ts"
export type {
  BuggifyOptions,
  CertificateData,
  CircuitOptions,
  ConnectionOptions,
  DriverOptions,
  PoolLimits,
  RetryOptions,
  SheddingOptions,
  SqlCommentOptions,
  SslOptions,
  TimeoutOptions,
} from "./options.ts"
export type { Configuration, ConnectionSummary } from "./options/configuration.ts"
export { closest } from "./options/closest.ts"
export { OptionsError } from "./options/options-error.ts"
export type { OptionsProblem } from "./options/options-error.ts"
export type { Heard, Hear } from "./execution/listener.ts"
export type { Rest } from "./execution/rest.ts"
export { DEFAULT_BACKOFF, waitAfter } from "./policy/backoff.ts"
export type { Backoff, Wait } from "./policy/backoff.ts"
export type { RetryBudget } from "./policy/budget.ts"
export type { CatalogColumn, CatalogType, Decoding, Read, Reader } from "./postgres/decoding.ts"
export { summaryOf } from "./postgres/query-summary.ts"
export { describeStatement } from "./postgres/statement.ts"
export type { StatementShape } from "./postgres/statement.ts"
export { MARKER_MIGRATION, MARKER_TABLE } from "./postgres/marker-table.ts"
export type { CircuitSnapshot, ConnectionSnapshot, DriverSnapshot } from "./snapshot.ts"
export type { ServerSummary } from "./postgres/session-facts.ts"
export type { PoolStats } from "./pool/pool.ts"
export { channels } from "./telemetry/channels.ts"
export type { PointMessage, PoolMessage, QueryMessage, TransactionMessage, WaitMessage } from "./telemetry/channels.ts"
export { DURATION_BOUNDS_MS, Durations } from "./telemetry/durations.ts"
export type { DurationsSnapshot } from "./telemetry/durations.ts"
export { describeEvent, safeReason } from "./telemetry/log-line.ts"
export { Histogram } from "./telemetry/histogram.ts"
export type { DatabaseIdentity } from "./telemetry/identity.ts"
export type { PoolTimesSnapshot } from "./telemetry/pool-times.ts"
export type { DiscardReason, DriverEvent, DriverEventName, Observer, Told } from "./telemetry/events.ts"
export { SlidingWindow } from "./telemetry/window.ts"
export type { Slice, WindowOptions } from "./telemetry/window.ts"
export type { LifetimeCounters, MetricsSnapshot, ResolutionCounters, WindowSnapshot } from "./telemetry/metrics.ts"
