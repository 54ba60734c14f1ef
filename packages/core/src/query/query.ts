import type {
  Compilable,
  CompiledQuery,
  DeleteQueryBuilder,
  DeleteResult,
  InsertQueryBuilder,
  InsertResult,
  MergeResult,
  RawBuilder,
  Simplify,
  UpdateQueryBuilder,
  UpdateResult,
  WheneableMergeQueryBuilder,
} from "kysely"

import type { QueryError } from "../errors/database-error.ts"
import type { Preparable, PreparedQuery } from "./prepared-query.ts"

/** A query as a value: a builder that can be compiled, a piece of raw SQL, what either was compiled to, or what `prepare` gave. */
export type Query<O = unknown> = Compilable<O> | RawBuilder<O> | CompiledQuery<O> | PreparedQuery<Preparable<O>>

/** What Kysely says a write answers that has no RETURNING. */
type WriteResult = InsertResult | UpdateResult | DeleteResult | MergeResult

/** What a query answers, as Kysely's builders carry it. */
type OutputOf<Q> = Q extends { compile(...parameters: never[]): CompiledQuery<infer O> }
  ? O
  : Q extends CompiledQuery<infer O>
    ? O
    : Q extends PreparedQuery<infer P>
      ? OutputOf<P>
      : never

/** A row of a query: what Kysely's own `execute` would give an array of. */
export type RowOf<Q> = RowFrom<OutputOf<Q>>

type RowFrom<O> = unknown extends O ? O : O extends WriteResult ? O : Simplify<O>

/**
 * A query that gives rows. A write without RETURNING gives none, so it is refused where it is written: the error message of
 * the compiler shows the text below. A generic helper whose query is of any type `Q` takes a `WithRows<Q>`.
 *
 * By builder and not by output, so that it is decided too where only the output's type is still open, as in a helper for
 * `SelectQueryBuilder<DB, "users", O>`. What a write was compiled to is not recognised: it answers no rows.
 */
export type WithRows<Q> = Q extends WriteWithoutReturning | PreparedQuery<WriteWithoutReturning> ? Q & NoRowsToGive : Q

// oxlint-disable typescript/no-explicit-any -- Kysely's builders are invariant in these parameters
type WriteWithoutReturning =
  | InsertQueryBuilder<any, any, InsertResult>
  | UpdateQueryBuilder<any, any, any, UpdateResult>
  | DeleteQueryBuilder<any, any, DeleteResult>
  | WheneableMergeQueryBuilder<any, any, any, MergeResult>
// oxlint-enable typescript/no-explicit-any

interface NoRowsToGive {
  readonly "this write returns no rows: add .returning(...) or use db.exec(...)": never
}

/** What a statement can fail with. Narrower, per table, once constraints are typed. */
// oxlint-disable-next-line no-unused-vars -- the statement and its constraints decide, as soon as they are typed
export type ErrorOf<Q, Constraints = unknown> = QueryError

/** What one entry of a batch answers: rows, or for a write without RETURNING how many rows it changed. */
export type BatchAnswer<Q> = [OutputOf<Q>] extends [WriteResult] ? { readonly affected: bigint } : RowOf<Q>[]
