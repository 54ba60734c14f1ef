export { createDatabase } from "./database.ts"
export { getDatabase } from "./get-database.ts"
export { OptionsError } from "@kysely-resilient/driver"
export type { DatabaseOptions, ErrorOptions } from "./options.ts"
export type { Hooks } from "./hooks.ts"

export { attempt } from "./query/attempt.ts"
export type { BatchAnswer, ErrorOf, Query, RowOf, WithRows } from "./query/query.ts"
export type { RunOptions, StreamOptions } from "./query/run-options.ts"
export type { Database, QueryBuilders, RawAnswer, Session, Tx } from "./query/session.ts"
export type { IsolationLevel, TransactionOptions } from "./query/transaction-options.ts"

export { DatabaseError, isDatabaseError } from "./errors/database-error.ts"
export type { ErrorOfKind, QueryError, TransactionError } from "./errors/database-error.ts"
export type { Category, ErrorBase, QueryInfo } from "./errors/error-base.ts"
export { unsafeDriverError } from "./errors/error-object.ts"

export type { Schema } from "./schema/define-schema.ts"
export type { DriverSnapshot, Effect, GaveUp, ReadyReport, RetryScope } from "@kysely-resilient/driver"
