import type {
  Compilable,
  CompiledQuery,
  DeleteResult,
  InsertResult,
  MergeResult,
  RawBuilder,
  Simplify,
  UpdateResult,
} from "kysely"

import type { QueryError } from "../errors/database-error.ts"

/** A query as a value: a builder that can be compiled, a piece of raw SQL, or what either was compiled to. */
export type Query<O = unknown> = Compilable<O> | RawBuilder<O> | CompiledQuery<O>

/** What Kysely says a write answers that has no RETURNING. */
type WriteResult = InsertResult | UpdateResult | DeleteResult | MergeResult

/** What a query answers, as Kysely's builders carry it. */
type OutputOf<Q> = Q extends { compile(...parameters: never[]): CompiledQuery<infer O> }
  ? O
  : Q extends CompiledQuery<infer O>
    ? O
    : never

/** A row of a query: what Kysely's own `execute` would give an array of. */
export type RowOf<Q> = RowFrom<OutputOf<Q>>

type RowFrom<O> = unknown extends O ? O : O extends WriteResult ? O : Simplify<O>

/**
 * A query that gives rows. A write without RETURNING gives none, so it is refused where it is written: the error message of
 * the compiler shows the text below.
 */
export type WithRows<Q> = [OutputOf<Q>] extends [WriteResult] ? Q & NoRowsToGive : Q

interface NoRowsToGive {
  readonly "this write returns no rows: add .returning(...) or use db.exec(...)": never
}

/** What a statement can fail with. Narrower, per table, once constraints are typed. */
// oxlint-disable-next-line no-unused-vars -- the statement and its constraints decide, as soon as they are typed
export type ErrorOf<Q, Constraints = unknown> = QueryError

/** What one entry of a batch answers: rows, or for a write without RETURNING how many rows it changed. */
export type BatchAnswer<Q> = [OutputOf<Q>] extends [WriteResult] ? { readonly affected: bigint } : RowOf<Q>[]
