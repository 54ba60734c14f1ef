import { EventEmitter } from "node:events"

import type {
  QueryArrayConfig,
  QueryArrayResult,
  QueryConfig,
  QueryConfigValues,
  QueryResult,
  QueryResultRow,
  Submittable,
} from "pg"

/* oxlint-disable typescript/no-explicit-any -- the signatures of @types/pg, so that what was written for pg fits */

/** All the forms of `query` that pool and client have in common with those of `pg`. */
export abstract class QueryForms extends EventEmitter {
  query<T extends Submittable>(queryStream: T): T
  query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I>,
    values?: QueryConfigValues<I>,
  ): Promise<QueryArrayResult<R>>
  query<R extends QueryResultRow = any, I = any[]>(queryConfig: QueryConfig<I>): Promise<QueryResult<R>>
  query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | QueryConfig<I>,
    values?: QueryConfigValues<I>,
  ): Promise<QueryResult<R>>
  query<R extends any[] = any[], I = any[]>(
    queryConfig: QueryArrayConfig<I>,
    callback: (err: Error, result: QueryArrayResult<R>) => void,
  ): void
  query<R extends QueryResultRow = any, I = any[]>(
    queryTextOrConfig: string | QueryConfig<I>,
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  query<R extends QueryResultRow = any, I = any[]>(
    queryText: string,
    values: QueryConfigValues<I>,
    callback: (err: Error, result: QueryResult<R>) => void,
  ): void
  query(first: unknown, second?: unknown, third?: unknown): unknown {
    return this.answerQuery(first, second, third)
  }

  protected abstract answerQuery(first: unknown, second: unknown, third: unknown): unknown
}

/**
 * Programs ask `pool instanceof pg.Pool`: so its prototype stands behind ours. Nothing of what is there is reached, as far as it is
 * documented: all of that is here too. It is not constructed.
 */
export function inherit(prototype: object, from: object, own: object): void {
  Object.setPrototypeOf(prototype, Object.create(from, Object.getOwnPropertyDescriptors(own)))
}
