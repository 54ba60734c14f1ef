import { CompiledQuery } from "kysely"
import { err, type Result, type ResultAsync } from "neverthrow"

import { answered } from "../dropped/watched.ts"
import type { CallbackThrew } from "../errors/bug.ts"
import type { CallSite } from "../errors/call-site.ts"
import type { ErrorOfKind, QueryError } from "../errors/database-error.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { ErrorKind } from "../errors/redaction.ts"
import type { NoRow, TooManyRows } from "../errors/result.ts"
import { toDatabaseError } from "../errors/to-database-error.ts"
import type { TransactionError } from "../errors/violations.ts"
import { promised } from "../foundation/promised.ts"
import {
  AdvisoryLock,
  type LockingTx,
  readAdvisoryLock,
  type AdvisoryLockOptions,
  type WithAdvisoryLock,
} from "./advisory-lock.ts"
import { answer } from "./answer.ts"
import { answerBatch, type BatchAnswers } from "./batch.ts"
import { visitRows } from "./for-each.ts"
import type { AnyInsertOptions, InsertMany } from "./insert-many.ts"
import { insertRows, type InsertPaths } from "./insert-rows.ts"
import { siteOf, type Kit } from "./kit.ts"
import type { Lane } from "./lane.ts"
import { checkText } from "./no-query.ts"
import type { Asking, ErrorOf, Query, RowOf, WithRows } from "./query.ts"
import type { AnyResult, Awaitable, ErrOf, OkOf } from "./results.ts"
import type { RunOptions, StreamOptions } from "./run-options.ts"
import type { QueryBuilders, Session, Tx } from "./session.ts"
import { notification } from "./listen.ts"
import type { Rows } from "./row-reader.ts"
import {
  AFFECTED,
  allRows,
  ANSWER,
  EXISTS,
  firstRow,
  maybeOneRow,
  NOTHING,
  oneRow,
  rawAnswer,
  type RawAnswer,
  type Shape,
} from "./shapes.ts"
import { rowStream } from "./stream.ts"
import type { TransactionOptions } from "./transaction-options.ts"
import type { Enclosing } from "./transaction.ts"

/** The builders, and the terminals over one lane. What a session adds to them, its own class does. */
export abstract class SessionBase<DB, C> implements Session<DB, C> {
  protected readonly kit: Kit
  protected readonly builders: QueryBuilders<DB>
  readonly #lane: Lane

  constructor(kit: Kit, builders: QueryBuilders<DB>, lane: Lane) {
    this.kit = kit
    this.builders = builders
    this.#lane = lane
  }

  /** All or nothing: a transaction, or a savepoint in one. */
  protected abstract enclosed<R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options: TransactionOptions | undefined,
    site: CallSite | undefined,
    enclosing?: Enclosing,
  ): Promise<Result<OkOf<R>, ErrOf<R> | TransactionError>>

  // Terminals. Properties and not methods: each may be passed around, as in `query.$call(db.all)`.

  readonly all = <Q>(query: WithRows<Q>, options?: RunOptions): ResultAsync<RowOf<Q>[], ErrorOf<Q, C>> =>
    this.#answer(allRows<RowOf<Q>>(), query, options, this.all)

  readonly one = <Q>(
    query: WithRows<Q>,
    options?: RunOptions,
  ): ResultAsync<RowOf<Q>, ErrorOf<Q, C> | NoRow | TooManyRows> =>
    this.#answer(oneRow<RowOf<Q>>(), query, options, this.one)

  readonly maybeOne = <Q>(
    query: WithRows<Q>,
    options?: RunOptions,
  ): ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C> | TooManyRows> =>
    this.#answer(maybeOneRow<RowOf<Q>>(), query, options, this.maybeOne)

  readonly first = <Q>(query: WithRows<Q>, options?: RunOptions): ResultAsync<RowOf<Q> | undefined, ErrorOf<Q, C>> =>
    this.#answer(firstRow<RowOf<Q>>(), query, options, this.first)

  readonly exec = <Q extends Query>(
    query: Q,
    options?: RunOptions,
  ): ResultAsync<{ readonly affected: bigint }, ErrorOf<Q, C>> => this.#answer(AFFECTED, query, options, this.exec)

  readonly exists = <Q>(query: Asking<Q>, options?: RunOptions): ResultAsync<boolean, ErrorOf<Q, C>> =>
    this.#answer(EXISTS, query, options, this.exists)

  readonly batch = <B extends Readonly<Record<string, Query>>>(
    queries: B,
    options?: RunOptions,
  ): ResultAsync<BatchAnswers<B>, ErrorOf<B[keyof B], C>> => {
    const site = siteOf(this.kit, this.batch)
    return known(answered(this.kit.dropped, site, answerBatch(this.kit, this.#lane, queries, options, site)))
  }

  readonly stream = <Q>(query: WithRows<Q>, options?: StreamOptions): AsyncIterable<Result<RowOf<Q>, ErrorOf<Q, C>>> =>
    promised(rowStream(this.kit, this.#lane, { query: queryIn(query), options, site: siteOf(this.kit, this.stream) }))

  readonly forEach = <Q, R>(
    query: WithRows<Q>,
    visit: (row: RowOf<Q>) => Awaitable<R>,
    options?: StreamOptions,
  ): ResultAsync<{ readonly rows: number }, ErrorOf<Q, C> | ErrOf<R> | CallbackThrew> => {
    const site = siteOf(this.kit, this.forEach)
    const work = { query: queryIn(query), visit, options, site }
    return known(answered(this.kit.dropped, site, visitRows(this.kit, this.#lane, work)))
  }

  readonly query = <Row = Record<string, unknown>>(
    text: string,
    parameters: readonly unknown[] = [],
    options?: RunOptions,
  ): ResultAsync<RawAnswer<Row>, QueryError> => {
    const query = {
      compile: () => {
        checkText(text, parameters)
        return CompiledQuery.raw(text, [...parameters])
      },
    }
    return this.#answer(rawAnswer<Row>(), query, options, this.query)
  }

  readonly atomic = <R extends AnyResult>(
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: TransactionOptions,
  ): ResultAsync<OkOf<R>, ErrOf<R> | TransactionError<C>> =>
    known(this.guarded(this.atomic, (site) => this.enclosed(body, options, site)))

  readonly withAdvisoryLock: WithAdvisoryLock<Tx<DB, C>, TransactionError<C>> = <R extends AnyResult>(
    key: string | bigint,
    body: (tx: Tx<DB, C>) => Awaitable<R>,
    options?: AdvisoryLockOptions,
  ): ResultAsync<never, ErrOf<R> | TransactionError<C>> =>
    known(
      this.guarded(this.withAdvisoryLock, async (site) => {
        const plan = readAdvisoryLock(key, options)
        if (!plan.ok) return err(this.refused(plan.refused, site))
        const { value } = plan
        const lock = new AdvisoryLock(value)
        const locking = (tx: Tx<DB, C>): Promise<AnyResult> => {
          const lane = SessionBase.#laneOf(tx)
          const raw = rawAnswer<Record<string, unknown>>()
          const asking: LockingTx = {
            query: (query) => answer(this.kit, lane, raw, query, undefined, site),
            batch: (queries) => answerBatch(this.kit, lane, queries, undefined, site),
          }
          return lock.run<R>(asking, () => body(tx))
        }
        const locked = await this.enclosed(locking, value.transaction, site, { mayRerun: () => lock.mayRerun })
        // Which of its two answers it is, `wait` has told the caller's types.
        return promised<Result<never, ErrOf<R> | TransactionError>>(locked)
      }),
    )

  readonly notify = (channel: string, payload = "", options?: RunOptions): ResultAsync<void, QueryError> =>
    this.#answer(NOTHING, notification(channel, payload), options, this.notify)

  readonly insertMany: InsertMany<DB, C> = (
    table: string,
    rows: Rows<unknown>,
    options?: AnyInsertOptions,
  ): ResultAsync<never, CallbackThrew | QueryError> =>
    this.guarded(this.insertMany, async (site) => {
      const { onConflict: _conflict, returning: _returning, ...said } = options ?? {}
      const named = said.name === undefined ? undefined : { name: said.name }
      const paths: InsertPaths<Tx<DB, C>> = {
        kit: this.kit,
        builders: this.builders,
        site,
        alone: (query) => answer(this.kit, this.#lane, ANSWER, query, said, site),
        together: (body, enclosing) => this.enclosed(body, said, site, enclosing),
        inside: (tx, query) => answer(this.kit, SessionBase.#laneOf(tx), ANSWER, query, named, site),
      }
      // What it answers, `returning` has told the caller's types; and what may fail, the table.
      return promised<Result<never, CallbackThrew | QueryError>>(await insertRows(paths, table, rows, options ?? {}))
    })

  static #laneOf(session: object): Lane {
    if (#lane in session) return session.#lane
    throw new Error("bug: a session that is none of ours")
  }

  #answer<T, K extends ErrorKind, E>(
    shape: Shape<T, K>,
    query: unknown,
    options: RunOptions | undefined,
    operation: (...parameters: never[]) => unknown,
  ): ResultAsync<T, E> {
    const site = siteOf(this.kit, operation)
    return known(answered(this.kit.dropped, site, answer(this.kit, this.#lane, shape, queryIn(query), options, site)))
  }

  protected refused(why: string, site: CallSite | undefined): ErrorOfKind<"refused"> {
    return toDatabaseError(localFailure("refused", why), { detail: this.kit.errors.detail, attempts: 0, site })
  }

  /** For what is not one statement. Whatever throws in it, and should not, becomes an Err here. */
  protected guarded<T, E>(
    operation: (...parameters: never[]) => unknown,
    work: (site: CallSite | undefined) => Promise<Result<T, E>>,
  ): ResultAsync<T, E | ErrorOfKind<"client_error">> {
    const site = siteOf(this.kit, operation)
    return answered(this.kit.dropped, site, guard(this.kit, site, work))
  }

  // Builders: Kysely's own.

  get selectFrom(): QueryBuilders<DB>["selectFrom"] {
    return this.builders.selectFrom
  }

  get selectNoFrom(): QueryBuilders<DB>["selectNoFrom"] {
    return this.builders.selectNoFrom
  }

  get insertInto(): QueryBuilders<DB>["insertInto"] {
    return this.builders.insertInto
  }

  get updateTable(): QueryBuilders<DB>["updateTable"] {
    return this.builders.updateTable
  }

  get deleteFrom(): QueryBuilders<DB>["deleteFrom"] {
    return this.builders.deleteFrom
  }

  get mergeInto(): QueryBuilders<DB>["mergeInto"] {
    return this.builders.mergeInto
  }

  get with(): QueryBuilders<DB>["with"] {
    return this.builders.with
  }

  get withRecursive(): QueryBuilders<DB>["withRecursive"] {
    return this.builders.withRecursive
  }

  get case(): QueryBuilders<DB>["case"] {
    return this.builders.case
  }

  get fn(): QueryBuilders<DB>["fn"] {
    return this.builders.fn
  }

  get dynamic(): QueryBuilders<DB>["dynamic"] {
    return this.builders.dynamic
  }

  get schema(): QueryBuilders<DB>["schema"] {
    return this.builders.schema
  }

  get sql(): QueryBuilders<DB>["sql"] {
    return this.builders.sql
  }
}

/** `WithRows` is nothing but queries, which the compiler cannot see while their type is open. */
function queryIn(query: unknown): Query {
  return promised(query)
}

/** With the errors that the types of the session and of the statement promise: which constraints are named was decided by the same schema. */
export function known<T, E>(result: ResultAsync<T, unknown>): ResultAsync<T, E> {
  return promised(result)
}

async function guard<T, E>(
  kit: Kit,
  site: CallSite | undefined,
  work: (site: CallSite | undefined) => Promise<Result<T, E>>,
): Promise<Result<T, E | ErrorOfKind<"client_error">>> {
  try {
    return await work(site)
  } catch (thrown) {
    const failure = localFailure("client_error", "", { cause: thrown, effect: "unknown" })
    return err(toDatabaseError(failure, { detail: kit.errors.detail, attempts: 1, site }))
  }
}
