import type { SchemaDrift } from "../schema-check/drift.ts"
import type { ErrorBase } from "./error-base.ts"
import { saidOr, type Words } from "./words.ts"

export type BugKind =
  | "protocol_violation"
  | "data_corrupted"
  | "server_error"
  | "client_error"
  | "callback_threw"
  | "schema_drift"

/** Something threw that should not, or a program broke its word. */
export type BugError<K extends BugKind> = ErrorBase<K, "bug">

export type ProtocolViolation = BugError<"protocol_violation">
export type DataCorrupted = BugError<"data_corrupted">
/** An error of the server that PostgreSQL itself calls internal, or that has no name here. */
export type ServerError = BugError<"server_error">
/** Something on this side threw: a plugin, a query that cannot be compiled, or this library. */
export type ClientError = BugError<"client_error">
/** A callback of the application threw or rejected. `unsafeDriverError` gives what it threw. */
export type CallbackThrew = BugError<"callback_threw">

/** `ready({ checkSchema: "error" })`: the database is not what the schema says, in a way that may make queries fail or types lie. */
export interface SchemaDrifted extends BugError<"schema_drift"> {
  /** Everything that differs, also what breaks nothing. */
  readonly drift: readonly SchemaDrift[]
}

export type AnyBugError = ProtocolViolation | DataCorrupted | ServerError | ClientError

export const BUG_WORDS: Words<BugKind> = {
  protocol_violation: (facts) => saidOr(facts, "The server and this client misunderstood each other"),
  data_corrupted: () => "The server reports corrupted data",
  server_error: () => "The server reports an error of its own",
  client_error: (facts) => saidOr(facts, "Something threw before the statement was answered"),
  callback_threw: (facts) => saidOr(facts, "A callback threw"),
  schema_drift: (facts) => saidOr(facts, "The database is not what the schema says"),
}
