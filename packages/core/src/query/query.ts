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
import type { ConstrainedTable, DeleteError, InsertError, UpdateError } from "../errors/violations.ts"
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

type RowFrom<O> = unknown extends O ? O : Simplify<O>

/**
 * A query that gives rows. A write without RETURNING gives none, so it is refused where it is written, and so is what it was compiled
 * to: the error message of the compiler shows the text below. A generic helper whose query is of any type `Q` takes a `WithRows<Q>`.
 *
 * What selects is known by being a SELECT, so that it is decided too where only the output's type is still open, as in a
 * helper for `SelectQueryBuilder<DB, "users", O>`.
 */
export type WithRows<Q> = Q extends Selecting ? Q : [OutputOf<Q>] extends [never] ? NoQuery : RowsIn<OutputOf<Q>, Q>

/** What `exists` may ask: PostgreSQL allows no write in `exists (…)`, with RETURNING neither. */
export type Asking<Q> = Q extends Selecting
  ? Q
  : Q extends Inserting | Updating | Deleting | Merging
    ? Q & NothingToAsk
    : WithRows<Q>

type RowsIn<O, Q> = unknown extends O ? Q : [O] extends [WriteResult] ? Q & NoRowsToGive : Q

// For conditional types only, which look for a member since that costs the compiler least.
interface Selecting {
  readonly isSelectQueryBuilder: true
}
interface Inserting {
  readonly onConflict: unknown
}
interface Updating {
  readonly set: unknown
}
interface Deleting {
  readonly using: unknown
}
interface Merging {
  readonly whenMatched: unknown
}

interface NoRowsToGive {
  readonly "this write returns no rows: add .returning(...) or use db.exec(...)": never
}

interface NothingToAsk {
  readonly "exists takes a SELECT: ask a write with db.maybeOne(...) or db.exec(...)": never
}

interface NoQuery {
  readonly "this is no query: for text write db.query(...)": never
}

/**
 * What a statement can fail with. A write through a builder: what it can violate of its table's constraints, by name, if
 * the schema says what there is. Anything else (a SELECT, raw SQL, a compiled query, a target with an alias): any constraint.
 */
export type ErrorOf<Q, C = unknown> = unknown extends C ? QueryError : Known<ByTable<C>, WriteOf<Q>>

/** Which table a query writes to and how, if its type tells. It is asked apart, since for an open `Q` that costs the compiler less. */
type WriteOf<Q> = Q extends Selecting
  ? Untold
  : Q extends Inserting
    ? Q extends InsertQueryBuilder<infer _DB, infer T, infer _O>
      ? Write<"insert", T>
      : Untold
    : Q extends Updating
      ? Q extends UpdateQueryBuilder<infer _DB, infer T, infer _TB, infer _O>
        ? Write<"update", T>
        : Untold
      : Q extends Deleting
        ? Q extends DeleteQueryBuilder<infer _DB, infer T, infer _O>
          ? Write<"delete", T>
          : Untold
        : Q extends Merging
          ? Q extends WheneableMergeQueryBuilder<infer _DB, infer T, infer _ST, infer _O>
            ? Write<"update", T>
            : Untold
          : Q extends PreparedQuery<infer P>
            ? WriteOf<P>
            : Untold

interface Write<K, T> {
  readonly how: K
  readonly table: T
}
type Untold = Write<never, string>

/** Of a table whose constraints are known, and of any of several; not of `any`, and not of an alias. */
type Known<M, W> =
  W extends Write<infer K, infer T>
    ? string extends T
      ? QueryError
      : [T] extends [keyof M]
        ? K extends keyof M[T]
          ? M[T][K]
          : QueryError
        : QueryError
    : never

/** Each table's errors are worked out once. */
type ByTable<C> = {
  [T in ConstrainedTable<C>]: {
    readonly insert: InsertError<C, T>
    readonly update: UpdateError<C, T>
    readonly delete: DeleteError<C, T>
  }
}

/** What one entry of a batch answers: rows, or for a write without RETURNING how many rows it changed. */
export type BatchAnswer<Q> = [OutputOf<Q>] extends [WriteResult]
  ? Changed
  : MayReturn<Q> extends true
    ? RowOf<Q>[] | Changed
    : RowOf<Q>[]

interface Changed {
  readonly affected: bigint
}

/**
 * Whether RETURNING was added by `$if` alone, so that it is there or not: then no column of the row is certain, while one of a RETURNING that is
 * always there is.
 */
type MayReturn<Q> = Q extends Selecting
  ? false
  : Q extends Inserting | Updating | Deleting | Merging
    ? unknown extends OutputOf<Q>
      ? false
      : Partial<OutputOf<Q>> extends OutputOf<Q>
        ? true
        : false
    : Q extends PreparedQuery<infer P>
      ? MayReturn<P>
      : false
