import type { ConnectionSnapshot, DriverSnapshot, Effect, Observer } from "@kysely-resilient/driver"
import type { Kysely, Sql } from "kysely"
import type { Result, ResultAsync } from "neverthrow"

import type { Advice } from "../advice/advice.ts"
import type { CallbackThrew, SchemaDrifted } from "../errors/bug.ts"
import type { QueryError } from "../errors/database-error.ts"
import type { NoRow, TooManyRows } from "../errors/result.ts"
import type { TransactionError } from "../errors/violations.ts"
import type { Health } from "../health/monitor.ts"
import type { ResilienceReport } from "../health/report.ts"
import type { WithAdvisoryLock } from "./advisory-lock.ts"
import type { SchemaDrift } from "../schema-check/drift.ts"
import type { InsertMany } from "./insert-many.ts"
import type { ListenEvent, ListenOptions } from "./listen-event.ts"
import type { Asking, BatchAnswer, ErrorOf, Query, RowOf, WithRows } from "./query.ts"
import type { ReadonlyDatabase } from "./readonly-session.ts"
import type { ReadyOptions, ReadyReport } from "./ready.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { RunOptions, StreamOptions } from "./run-options.ts"
import type { RawAnswer } from "./shapes.ts"
import type { TransactionOptions } from "./transaction-options.ts"

type Builders =
  | "selectFrom"
  | "selectNoFrom"
  | "insertInto"
  | "updateTable"
  | "deleteFrom"
  | "mergeInto"
  | "with"
  | "withRecursive"
  | "fn"
  | "case"
  | "dynamic"
  | "schema"

/**
 * Kysely's own builders, untouched. What they build is a value: it can be compiled and passed around, and only a session
 * runs it. `.execute()` on it rejects, and says what to write instead.
 */
export interface QueryBuilders<DB> extends Pick<Kysely<DB>, Builders> {
  /** Kysely's `sql` tag. A whole statement is a query: ``db.all(db.sql<Row>`select …`)``. */
  readonly sql: Sql
}

/**
 * Where statements run: the database, a transaction, a savepoint or one pinned connection. A function that takes a `Session`
 * works with all of them. Every operation answers a `Result` and never throws or rejects; every one is bound, so both
 * `db.all(query)` and `query.$call(db.all)` work.
 */
export interface Session<DB, out C = unknown> extends QueryBuilders<DB> {
  /** Never there at run time: `InsertError<typeof db, "users">` reads it. */
  readonly "~types"?: { readonly db: DB; readonly constraints: C }

  /** All rows. */
  readonly all: <Q>(query: WithRows<Q>, options?: RunOptions) => ResultAsync<RowOf<Q>[], ErrorOf<Q, C>>

  /** The one row there is. None is `no_row`, several are `too_many_rows`. */
  readonly one: <Q>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q>, ErrorOf<Q, C> | NoRow | TooManyRows>

  /** The one row there may be. Several are `too_many_rows`. */
  readonly maybeOne: <Q>(
    query: WithRows<Q>,
    options?: RunOptions,
  ) => ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C> | TooManyRows>

  /** The first of however many rows. It adds no LIMIT: they all travel. */
  readonly first: <Q>(query: WithRows<Q>, options?: RunOptions) => ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C>>

  /** How many rows it changed; 0 for what changes none. For any statement, DDL too. */
  readonly exec: <Q extends Query>(
    query: Q,
    options?: RunOptions,
  ) => ResultAsync<{ readonly affected: bigint }, ErrorOf<Q, C>>

  /** Is there any row? The query becomes `select exists (…)`, so no row travels. */
  readonly exists: <Q>(query: Asking<Q>, options?: RunOptions) => ResultAsync<boolean, ErrorOf<Q, C>>

  /** Several statements in one round trip: all or nothing, and one unit of retry. */
  readonly batch: <B extends Readonly<Record<string, Query>>>(
    queries: B,
    options?: RunOptions,
  ) => ResultAsync<{ [K in keyof B]: BatchAnswer<B[K]> }, ErrorOf<B[keyof B], C>>

  /**
   * Row by row, in chunks, as `for await (const row of …)`. Ends after the first Err; leaving the loop early closes the
   * portal on the server. Every new loop runs the query again.
   */
  readonly stream: <Q>(query: WithRows<Q>, options?: StreamOptions) => AsyncIterable<Result<RowOf<Q>, ErrorOf<Q, C>>>

  /**
   * Calls `visit` with row after row, waiting for it where it answers a promise. An Err that it answers ends the stream and
   * is the answer. Otherwise: how many rows there were.
   */
  readonly forEach: <Q, R>(
    query: WithRows<Q>,
    visit: (row: RowOf<Q>) => Awaitable<R>,
    options?: StreamOptions,
  ) => ResultAsync<{ readonly rows: number }, ErrorOf<Q, C> | ErrOf<R> | CallbackThrew>

  /** Raw SQL, with `$1`, `$2`, … for parameters. A single SELECT is repeated like any read. */
  readonly query: <Row = Record<string, unknown>>(
    text: string,
    parameters?: readonly unknown[],
    options?: RunOptions,
  ) => ResultAsync<RawAnswer<Row>, QueryError>

  /**
   * All or nothing, wherever it is called: a transaction on a database, a savepoint inside of one. There `accessMode: "read only"` holds for
   * the part, a stricter `isolation` than the transaction's is refused, and its limits and its name are the transaction's.
   */
  readonly atomic: <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>

  /**
   * Says something to all who listen to a channel, in whatever process: at COMMIT, where this is part of a transaction. At most 7,999
   * bytes.
   */
  readonly notify: (channel: string, payload?: string, options?: RunOptions) => ResultAsync<void, QueryError>

  /**
   * Inserts any number of rows, all or none: arrays, or what gives rows one after the other, also asynchronously, of which never more
   * than two portions are held. What does not fit one statement runs in a transaction (in a transaction, in a savepoint). Keys that a
   * row does not have are left to the column's default. Where the schema knows the columns' types, each column travels as one array;
   * else each value is a parameter, in several statements. Rows from a generator cannot be had twice, so nothing is repeated for them.
   */
  readonly insertMany: InsertMany<DB, C>

  /**
   * All or nothing, and by one at a time of all who name the same key, in whatever process: the lock is taken before the callback runs,
   * and the server frees it with the transaction, whatever ends that. In a transaction (where this is a savepoint) that is the end of the
   * whole transaction, unless the savepoint is rolled back. A text is hashed by the server: `hashtextextended(key, 0)` is what psql calls
   * `pg_advisory_xact_lock` with. The transaction is READ COMMITTED, so that it sees what the last holder has done.
   *
   * With `wait: false` the answer is `{ locked: false }` if somebody else has the lock, else `{ locked: true, value }`.
   */
  readonly withAdvisoryLock: WithAdvisoryLock<Tx<DB, C>, TransactionError<C>>
}

/** A transaction, or a savepoint in one. It is over when its callback has returned; then everything on it is refused. */
export interface Tx<DB, out C = unknown> extends Session<DB, C> {
  /** Which run of the callback this is: 1, 2, … A conflict runs the whole callback again, with a new transaction. */
  readonly attempt: number

  /** Fires when the transaction is over, or its deadline passes: for whatever should not outlive it. */
  readonly signal: AbortSignal

  /**
   * For what must happen once and only if it is true: mail, messages, caches. Runs after a known COMMIT of the run
   * that committed, in the order of asking; of a savepoint that was rolled back, never. The transaction's Result waits
   * for it, at most until the deadline. What it throws goes to `on.defect` and changes no Result.
   */
  readonly afterCommit: (run: () => unknown) => void

  /**
   * A part that may fail alone: an Err or a throw rolls back to its beginning, and the transaction goes on. Inside,
   * use the handle that the callback is given; the outer one waits, or is refused, until the savepoint is over.
   */
  readonly savepoint: <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>
}

/** A database that survives bad days: Kysely's builders, and operations that answer Results. */
export interface Database<DB, out C = unknown> extends Session<DB, C> {
  /**
   * All or nothing. Ok from the callback commits; an Err, or a throw (then `callback_threw`), rolls back. A failed statement
   * makes the transaction fail even if the callback passes over it; a savepoint may fail alone.
   *
   * **The callback may run more than once**: after a conflict (40001, 40P01) or a lost connection it runs again in a new
   * transaction, at most `retry.attemptsMax` (3) times within `timeoutMs` (30,000). `tx.attempt` says which run it is,
   * `retry: false` switches it off, and what must happen once belongs in `tx.afterCommit`.
   */
  readonly transaction: <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>

  /**
   * One connection for as long as the callback runs: for session settings, advisory locks, or transaction control in raw
   * SQL. It is given back clean. `timeoutMs` bounds the whole; default: no bound but that of each statement.
   */
  readonly withConnection: <R extends AnyResult>(
    body: (session: Session<DB, C>) => Awaitable<R>,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ) => ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>>

  /** The same database with no way to write: for reports, for helpers that must only read. Costs nothing to make. */
  readonly readonly: () => ReadonlyDatabase<DB, C>

  /**
   * What is said on a channel, by `notify` or in SQL: `for await (const event of db.listen("orders"))`. All loops of a database share one
   * connection, besides those of the pool. When it is lost there will be another, and a `gap` says that something may have been missed; a
   * loop that is too slow is told by an `overflow`. The first event is `listening`. A server that is away is waited for; what waiting
   * does not help is an Err, and the end. Leaving the loop ends it, and so do its signal and closing the database.
   *
   * Nothing can be heard through a pooler in transaction mode: there it is an Err, `refused`.
   */
  readonly listen: (channel: string, options?: ListenOptions) => AsyncIterable<Result<ListenEvent, QueryError>>

  /**
   * Opens `pool.min` connections and answers when one is open, or cannot be: to fail fast at start-up. With
   * `checkSchema: "error"`, also if the database is not what the schema says.
   */
  readonly ready: (options?: ReadyOptions) => ResultAsync<ReadyReport, QueryError | SchemaDrifted>

  /**
   * What differs between the database and the schema that `createDatabase` was given: tables, columns, constraints and types
   * by name, and tables that this role or its search_path does not reach. Empty if nothing does. One statement.
   */
  readonly checkSchema: (
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ) => ResultAsync<readonly SchemaDrift[], QueryError>

  /**
   * What became of a write whose error said `effect: "unknown"`, by the `token` of that error: later, and in another process if need
   * be. `unknown` again if nobody can say. `timeoutMs`: how long to look; default 30,000.
   */
  readonly resolve: (
    token: string,
    options?: Pick<RunOptions, "signal" | "timeoutMs">,
  ) => ResultAsync<Effect, QueryError>

  /** The state of the pool and the metrics, as plain data. Asks no server. */
  readonly snapshot: () => DriverSnapshot

  /**
   * Every open connection of the pool, and what it does at this moment: for a page, for finding out who has them all. Worked out when it is
   * asked for. Asks no server.
   */
  readonly connections: () => readonly ConnectionSnapshot[]

  /** How the database is doing and why, from what is known in memory. Asks no server. */
  readonly health: () => Health

  /**
   * What to do about what has gone wrong lately, worst first; empty if nothing has. From what is known in memory, as `report()` has it in
   * `recommendations`. Asks no server; `examine(db)` does.
   */
  readonly advise: () => readonly Advice[]

  /** Health, counters, pool and advice in one, as plain JSON. Asks no server. */
  readonly report: () => ResilienceReport

  /**
   * Tells `listener` everything that happens from now on, until the function that is returned is called. It runs synchronously, on the way of
   * every statement: take notes and do the work later. What it throws is dropped.
   */
  readonly observe: (listener: Observer) => () => void

  /** Aborted when `close()` begins: for what should end with the database, or before it. */
  readonly closing: AbortSignal

  /**
   * Refuses new work, waits up to `drainMs` (milliseconds, default 0) for what was begun (it runs, stands in line for a connection, or is
   * tried again), ends the rest and tells it so. May be called again, which waits for the first one's end.
   */
  readonly close: (options?: { readonly drainMs?: number }) => ResultAsync<void, QueryError>

  /**
   * The escape hatch: a Kysely that executes, over the same pool and with the same plugins, for libraries that want one. It
   * throws the driver's errors, which are not redacted. Destroying it closes this database.
   */
  readonly kysely: Kysely<DB>

  /** `await using db = createDatabase(…)` closes it at the end of the block. */
  [Symbol.asyncDispose](): Promise<void>
}
