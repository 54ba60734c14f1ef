/** What an application does, and what it is told: the same words for both doors. */
import { isDatabaseError, type DatabaseOptions, type DriverSnapshot } from "@kysely-resilient/core"
import { DriverError, type DriverEvent } from "@kysely-resilient/driver"

import type { Kind } from "./cells.ts"

export interface Books {
  stock: Stock
  ledger_first: Entry
  ledger: Entry
  ledger_last: Entry
}
export interface Stock {
  readonly n: number
}
export interface Entry {
  readonly entry: string
}
export type LedgerTable = "ledger_first" | "ledger" | "ledger_last"

export type Told =
  | { readonly told: "value"; readonly value: unknown; readonly tries: number }
  /** What the callback itself had failed with. */
  | { readonly told: "own error" }
  | {
      readonly told: "error"
      readonly kind: string
      readonly effect: string
      readonly because: string | undefined
      /** That a stream had delivered before. */
      readonly rows: number
      /** To ask with, later, what became of it. */
      readonly token: string | undefined
    }

/** How the work goes where its kind leaves a choice, and how long it may take. */
export interface Wish {
  /** The transaction's callback fails by itself, so that there is a ROLLBACK. */
  readonly rollback: boolean
  /** The savepoint's callback fails by itself, so that there is a ROLLBACK TO. */
  readonly rollbackTo: boolean
  readonly statementMs: number
  readonly transactionMs: number
}

/** One application with its own pool. */
export interface Application {
  /** Opens a connection, which then rests in the pool. */
  warmUp(): Promise<unknown>
  work(kind: Kind): Promise<Told>
  /** A query with all the time in the world; what it answers. */
  again(): Promise<readonly number[]>
  /** What became of it; the effect, or the kind of the error. */
  resolve(token: string): Promise<string>
  pool(): DriverSnapshot["pool"]
  close(): Promise<unknown>
}

export type Open = (options: Omit<DatabaseOptions, "schema">, wish: Wish) => Application

export const STOCK = [1, 2, 3, 4, 5]
export const STOCK_AS_TEXT = `select n from "stock" order by n`
export const AMPLE_MS = 10_000
export const CHUNK = 2
export const ENTRIES = ["one", "two", "three"]
export const rowsToEnter: readonly Entry[] = ENTRIES.map((entry) => ({ entry }))

/** The caller's own statement, which the instants of a statement are about. */
export const TARGET = /(?:from|into) "(?:stock|ledger)"/

export const OWN_ERROR = new Error("the callback's own")

export const numbersOf = (rows: readonly Stock[]): number[] => rows.map(({ n }) => n)
/** Numbers of rows are bigint. */
export const countOf = (rows: bigint | undefined): number => Number(rows)
export const entriesOf = (rows: readonly Entry[]): string[] => rows.map(({ entry }) => entry)

/** How often the caller's own statement was tried, as the driver tells of it. */
export class Tries {
  count = 0
  readonly observer = (event: DriverEvent): void => {
    if (event.name === "query.succeeded" && TARGET.test(event.sql)) this.count = event.attempts
  }
}

export function failed(error: unknown, rows = 0): Told {
  if (error === OWN_ERROR) return { told: "own error" }
  if (isDatabaseError(error) || error instanceof DriverError) {
    return { told: "error", kind: error.kind, effect: error.effect, because: error.because, rows, token: error.token }
  }
  throw new Error("its caller got something that is no error of ours", { cause: error })
}
