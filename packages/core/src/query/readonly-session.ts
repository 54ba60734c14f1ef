import type { Compilable, CompiledQuery, Kysely, RawBuilder, Sql } from "kysely"
import type { ReadonlyQueryCreator } from "kysely/readonly"
import type { Result, ResultAsync } from "neverthrow"

import type { CallbackThrew } from "../errors/bug.ts"
import type { QueryError } from "../errors/database-error.ts"
import type { NoRow, TooManyRows } from "../errors/result.ts"
import type { TransactionError } from "../errors/violations.ts"
import type { PreparedQuery } from "./prepared-query.ts"
import type { Asking, BatchAnswer, ErrorOf, RowOf, WithRows } from "./query.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { RunOptions, StreamOptions } from "./run-options.ts"
import type { RawAnswer } from "./shapes.ts"
import type { TransactionOptions } from "./transaction-options.ts"

/** Kysely's builders of writes have this method, and no others: the compiler shows what it is instead. */
interface NotWriting {
  readonly returningAll?: "this session only reads: run a write with the database itself or a transaction of it, as in db.exec(...)"
}

/** What a builder of writes also has, so that of all that a query may be the compiler compares it with this. */
interface Builder<O> extends Compilable<O>, NotWriting {
  readonly execute?: unknown
  readonly executeTakeFirst?: unknown
  readonly executeTakeFirstOrThrow?: unknown
  readonly explain?: unknown
  readonly toOperationNode?: unknown
  readonly withPlugin?: unknown
  readonly $call?: unknown
  readonly $if?: unknown
  readonly $castTo?: unknown
  readonly $narrowType?: unknown
  readonly $assertType?: unknown
  readonly returning?: unknown
}

type ReadPreparable<O> = Builder<O> | ((RawBuilder<O> | CompiledQuery<O>) & NotWriting)

/** A query that no builder of writes has made, prepared or not. What raw SQL does is the server's to judge. */
export type ReadQuery<O = unknown> = ReadPreparable<O> | PreparedQuery<ReadPreparable<O>>

/** A query whose rows are wanted may have been built anywhere, `with` included. */
type ReadBuilders = "selectFrom" | "selectNoFrom" | "fn" | "case" | "dynamic"

export type ReadonlyTransactionOptions = Omit<TransactionOptions, "accessMode">

/**
 * What reads need of a session. A function that takes one works with a database, a transaction, a savepoint and a pinned connection, and
 * with what is read-only of them.
 */
export interface ReadonlySession<DB, out C = unknown> extends Pick<Kysely<DB>, ReadBuilders> {
  readonly sql: Sql
  readonly all: <Q extends ReadQuery>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q>[], ErrorOf<Q, C>>
  readonly one: <Q extends ReadQuery>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q>, ErrorOf<Q, C> | NoRow | TooManyRows>
  readonly maybeOne: <Q extends ReadQuery>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C> | TooManyRows>
  readonly first: <Q extends ReadQuery>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C>>
  readonly exec: <Q extends ReadQuery>(
    query: Q,
    options?: RunOptions,
  ) => ResultAsync<{ readonly affected: bigint }, ErrorOf<Q, C>>
  readonly exists: <Q extends ReadQuery>(query: Asking<Q>, options?: RunOptions) => ResultAsync<boolean, ErrorOf<Q, C>>
  readonly batch: <B extends Readonly<Record<string, ReadQuery>>>(
    queries: B,
    options?: RunOptions,
  ) => ResultAsync<{ [K in keyof B]: BatchAnswer<B[K]> }, ErrorOf<B[keyof B], C>>
  readonly stream: <Q extends ReadQuery>(
    query: WithRows<Q>,
    options?: StreamOptions,
  ) => AsyncIterable<Result<RowOf<Q>, ErrorOf<Q, C>>>
  readonly forEach: <Q extends ReadQuery, R>(
    query: WithRows<Q>,
    visit: (row: RowOf<Q>) => Awaitable<R>,
    options?: StreamOptions,
  ) => ResultAsync<{ readonly rows: number }, ErrorOf<Q, C> | ErrOf<R> | CallbackThrew>
  readonly query: <Row = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
    options?: RunOptions,
  ) => ResultAsync<RawAnswer<Row>, QueryError>
  readonly atomic: <R extends AnyResult>(
    body: (tx: ReadonlyTx<DB, C>) => Awaitable<R>,
    options?: ReadonlyTransactionOptions,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>
}

/** A read-only transaction, or a savepoint in one. */
export interface ReadonlyTx<DB, out C = unknown> extends ReadonlySession<DB, C> {
  readonly attempt: number
  readonly signal: AbortSignal
  readonly afterCommit: (run: () => unknown) => void
  readonly savepoint: <R extends AnyResult>(
    body: (tx: ReadonlyTx<DB, C>) => Awaitable<R>,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>
}

/**
 * The same database, with no way to write: there are no builders for it, and every statement runs in a READ ONLY transaction, which
 * the server enforces; a write in raw SQL, or in a function that is called, answers `read_only_transaction`. Several statements in one
 * text, transaction control in raw SQL and settings of `transaction_read_only` are refused: they could lead around that. It guards
 * against mistakes. Against malice, connect as a role that has no rights to write.
 */
export interface ReadonlyDatabase<DB, out C = unknown>
  extends ReadonlySession<DB, C>, Pick<ReadonlyQueryCreator<DB>, "with" | "withRecursive"> {
  /** Read-only, and otherwise as `transaction` of the database itself. For several statements that are to see the same: `repeatable read`. */
  readonly transaction: <R extends AnyResult>(
    body: (tx: ReadonlyTx<DB, C>) => Awaitable<R>,
    options?: ReadonlyTransactionOptions,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>

  /** One connection for as long as the callback runs, on which every statement is read-only by itself. */
  readonly withConnection: <R extends AnyResult>(
    body: (session: ReadonlySession<DB, C>) => Awaitable<R>,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>
}
