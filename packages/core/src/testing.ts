// The subpath `@kysely-resilient/core/testing`: what `@kysely-resilient/testing` is made of. Applications need none of it, and what is
// here may change in any release.
export { assembleDatabase } from "./database.ts"
export type { Foundations } from "./database.ts"
export { engineOf } from "./engines.ts"
export { categoryOf } from "./errors/categories.ts"
export type { Named } from "./errors/named.ts"
export type { CoreFailure, ErrorKind } from "./errors/redaction.ts"
export { toDatabaseError } from "./errors/to-database-error.ts"
export type { ErrorContext } from "./errors/to-database-error.ts"
export type { DroppedError, Unseen } from "./dropped/unseen.ts"
export { createEngine } from "@kysely-resilient/driver"
export type {
  Effect,
  Engine,
  Failure,
  LeaseHandle,
  Phase,
  ReadyReport,
  Session as EngineSession,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  TransactionSettings,
} from "@kysely-resilient/driver"
