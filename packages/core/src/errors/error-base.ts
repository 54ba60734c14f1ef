import type { Effect, FailedTry, GaveUp, RetryScope } from "@kysely-resilient/driver"

/**
 * What kind of trouble it is. Small, closed and stable: a program may switch over it exhaustively, and a new category
 * is a major release. A new `kind` is a minor one, so a switch over `kind` wants a `default`.
 *
 * - `constraint`: the data breaks a rule of the schema
 * - `conflict`: another transaction was in the way; doing the whole again may help
 * - `limit`: a time, a deadline or a queue ran out, or the caller gave up
 * - `availability`: the database cannot be reached or cannot serve now
 * - `request`: the statement, its parameters, its rights or the options are wrong
 * - `result`: the statement ran, and its answer is not what was asked for
 * - `bug`: something threw that should not, or a program broke its word
 */
export type Category = "constraint" | "conflict" | "limit" | "availability" | "request" | "result" | "bug"

/** The statement, without anything that was put into it. */
export interface QueryInfo {
  /**
   * Parameterised text, without the literals and comments that somebody wrote into it: `where id = $1 and kind = ?`. Its first
   * 10,000 characters, if it is longer. With `errors.detail: "include"` as it was sent.
   */
  readonly sql: string
  /** The name its caller gave it. */
  readonly name: string | undefined
  /** How many parameters there were; what they were is kept nowhere. */
  readonly parameterCount: number
}

/** What every error has, whatever its kind. Nothing here quotes row data, a parameter or a connection string. */
export interface ErrorBase<K extends string, C extends Category> extends Error {
  readonly name: "DatabaseError"
  /** PostgreSQL's condition name where one exists, else our own word in the same style. */
  readonly kind: K
  /** The same as `kind`: what `catchTag` and `matchError` of other libraries look at. */
  readonly _tag: K
  readonly category: C
  /**
   * What may help. `transaction`: doing the whole transaction again; an autocommit statement is its own. With effect `unknown` always
   * `never`: ask first what has become of it.
   */
  readonly retry: RetryScope
  /** What the server has done of it. */
  readonly effect: Effect
  /**
   * How often it was tried: the statement; or the whole transaction (its callback has run so often), where it is the transaction's own
   * error, or ended one that had run before.
   */
  readonly attempts: number
  /** Why it was not tried again. */
  readonly because: GaveUp | undefined
  /** With effect `unknown` only: what `db.resolve(token)` takes, later or in another process, if there is a way to find out. */
  readonly token: string | undefined
  /**
   * Every try that failed, in order: of the statement, or of the whole transaction where it ran more than once. What failed, how
   * long it took, on which connection, and how long the next one was waited for; `because` says why there was no other. Of more
   * than twenty, the first and the last ten. Not enumerable; in `toJSON` where there is more than one.
   */
  readonly journal: readonly FailedTry[]
  /** SQLSTATE, where a server said it. */
  readonly sqlState: string | undefined
  /** When it makes sense to come back, milliseconds. */
  readonly retryAfterMs: number | undefined
  readonly query: QueryInfo | undefined
  /** Where the operation was called, if `errors.callSite` is on. */
  readonly callSite: string | undefined
  /** Where to read about this kind of error: a page of this package, from the application's folder. Not enumerable: logs can do without it. */
  readonly docs: string
  /**
   * With effect `applied_locally` only: what the operation would have answered. The server has committed it, and its
   * standby has not confirmed it. Not enumerable, since it is data.
   */
  readonly value: unknown
  /** Everything of this that is safe to log. */
  toJSON(): Readonly<Record<string, unknown>>
}
