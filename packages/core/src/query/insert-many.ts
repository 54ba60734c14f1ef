import type { Insertable, InsertQueryBuilder, InsertResult, Selectable } from "kysely"
import type { ResultAsync } from "neverthrow"

import type { CallbackThrew } from "../errors/bug.ts"
import type { ErrorOf } from "./query.ts"
import type { Rows } from "./row-reader.ts"
import type { RunOptions } from "./run-options.ts"

export interface InsertManyOptions<DB, T extends keyof DB & string> extends Pick<
  RunOptions,
  "name" | "signal" | "retry"
> {
  /** One deadline over all of it, milliseconds. Default: `timeouts.transactionMs`; for rows that fit one statement `timeouts.queryMs`. Both are 30,000. */
  readonly timeoutMs?: number
  /** What to do with a row that is there already, as Kysely's `onConflict`. One call may come as several statements: rows that conflict with each other belong to none. */
  readonly onConflict?: "doNothing" | Parameters<InsertQueryBuilder<DB, T, InsertResult>["onConflict"]>[0]
}

export interface InsertMany<DB, C> {
  <T extends keyof DB & string, K extends keyof Selectable<DB[T]> & string>(
    table: T,
    rows: Rows<Insertable<DB[T]>>,
    options: InsertManyOptions<DB, T> & { readonly returning: readonly K[] },
  ): ResultAsync<Pick<Selectable<DB[T]>, K>[], InsertManyError<DB, T, C>>
  <T extends keyof DB & string>(
    table: T,
    rows: Rows<Insertable<DB[T]>>,
    options?: InsertManyOptions<DB, T> & { readonly returning?: never },
  ): ResultAsync<{ readonly affected: bigint }, InsertManyError<DB, T, C>>
}

/** Those of an INSERT into this table; and `callback_threw`, for rows that come from a generator. */
export type InsertManyError<DB, T extends keyof DB & string, C> =
  | ErrorOf<InsertQueryBuilder<DB, T, InsertResult>, C>
  | CallbackThrew

/** The same where types have done their work. */
export interface AnyInsertOptions extends Pick<RunOptions, "name" | "signal" | "retry" | "timeoutMs"> {
  readonly onConflict?: unknown
  readonly returning?: readonly string[]
}
