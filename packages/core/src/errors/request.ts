import type { ErrorBase } from "./error-base.ts"
import { saidOr, type Facts, type Words } from "./words.ts"

export type RequestKind =
  | "data_exception"
  | "insufficient_privilege"
  | "authentication_failed"
  | "read_only_transaction"
  | "invalid_statement"
  | "invalid_transaction_state"
  | "raised_exception"
  | "encode_failed"
  | "refused"
  | "configuration"
  | "cursor_missing"

/** The statement, its parameters, its rights or the options are wrong. Sending it again changes nothing. */
export type RequestError<K extends RequestKind> = ErrorBase<K, "request">

/** A value does not fit its type: `unsafeDriverError` has the server's words, which quote it. */
export type DataException = RequestError<"data_exception">
export type InsufficientPrivilege = RequestError<"insufficient_privilege">
export type AuthenticationFailed = RequestError<"authentication_failed">
/** A write where only reads are allowed: a read-only transaction, or a standby. */
export type ReadOnlyTransaction = RequestError<"read_only_transaction">
/** A syntax error, or a table, column or function that does not exist. */
export type InvalidStatement = RequestError<"invalid_statement">
export type InvalidTransactionState = RequestError<"invalid_transaction_state">
/** A function of the database's own raised it (RAISE): `unsafeDriverError` has its words, which may quote data. */
export type RaisedException = RequestError<"raised_exception">
/** A parameter cannot be sent: a NUL, half a surrogate pair, too many of them, a value that cannot be serialised. */
export type EncodeFailed = RequestError<"encode_failed">
/** Not sent, because it cannot be right where it was asked for; the message says what to do instead. */
export type Refused = RequestError<"refused">
/** Nobody said which database is meant, or it cannot be read. */
export type ConfigurationError = RequestError<"configuration">
export type CursorMissing = RequestError<"cursor_missing">

export type AnyRequestError =
  | DataException
  | InsufficientPrivilege
  | AuthenticationFailed
  | ReadOnlyTransaction
  | InvalidStatement
  | InvalidTransactionState
  | RaisedException
  | EncodeFailed
  | Refused
  | ConfigurationError
  | CursorMissing

export const REQUEST_WORDS: Words<RequestKind> = {
  data_exception: () => "A value does not fit its type or its function",
  insufficient_privilege: (facts) => saidOr(facts, "The database's user may not do this"),
  authentication_failed: () =>
    "The database did not accept the user or the password: correct them in connection, in DATABASE_URL, or in PGUSER and PGPASSWORD, or look at pg_hba.conf",
  read_only_transaction: (facts) => saidOr(facts, "A write in a read-only transaction or on a standby"),
  invalid_statement: (facts) => saidOr(facts, "PostgreSQL cannot make sense of the statement"),
  invalid_transaction_state: (facts) => saidOr(facts, "The statement is not allowed in this state of the transaction"),
  raised_exception: () => "A function in the database raised an exception",
  encode_failed: (facts) => saidOr(facts, "A parameter, or the statement's text, cannot be sent to PostgreSQL"),
  refused: (facts) => saidOr(facts, "The statement was refused before it was sent"),
  configuration: (facts) => saidOr(facts, misconfigured(facts)),
  cursor_missing: (facts) => saidOr(facts, "The cursor does not exist"),
}

/** The names of databases and hosts are part of what is connected to, and in no message. */
function misconfigured({ origin, code }: Facts): string {
  if (code === "3D000") {
    return "The server has no database of this name: correct it in connection, in DATABASE_URL, or in PGDATABASE; unsafeDriverError(error) names it"
  }
  if (origin === "dns") {
    return "There is no host of this name: correct it in connection, in DATABASE_URL, or in PGHOST; unsafeDriverError(error) names it"
  }
  if (origin === "tls")
    return "No TLS connection could be made that both sides accept: look at sslmode and the certificates"
  return "It is not known how to connect to the database"
}
