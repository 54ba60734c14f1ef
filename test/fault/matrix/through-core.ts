import { createDatabase, type Tx } from "@kysely-resilient/core"
import { err, ok, type Result } from "neverthrow"

import { valueOf } from "../../support/results.ts"
import {
  AMPLE_MS,
  CHUNK,
  countOf,
  entriesOf,
  failed,
  numbersOf,
  OWN_ERROR,
  rowsToEnter,
  STOCK_AS_TEXT,
  Tries,
  type Application,
  type Books,
  type Entry,
  type LedgerTable,
  type Open,
  type Stock,
  type Told,
} from "./application.ts"
import type { Kind } from "./cells.ts"

type Entered = Result<Entry[], unknown>

export const throughCore: Open = (options, wish): Application => {
  const tries = new Tries()
  const db = createDatabase<Books>({ ...options, observer: tries.observer })
  const stock = db.selectFrom("stock").select("n").orderBy("n")
  const into = (table: LedgerTable) => db.insertInto(table).values(rowsToEnter).returning("entry")
  const limits = { timeoutMs: wish.statementMs }

  const told = <T>(result: Result<T, unknown>, read: (value: T) => unknown, count = tries.count): Told =>
    result.isOk() ? { told: "value", value: read(result.value), tries: count } : failed(result.error)

  async function streamed(): Promise<Told> {
    const rows: Stock[] = []
    for await (const row of db.stream(stock, { chunkSize: CHUNK, ...limits })) {
      if (row.isErr()) return failed(row.error, rows.length)
      rows.push(row.value)
    }
    return { told: "value", value: numbersOf(rows), tries: tries.count }
  }

  async function inTransaction(body: (tx: Tx<Books>) => Promise<Entered>): Promise<Told> {
    let runs = 0
    const result = await db.transaction(
      async (tx): Promise<Entered> => {
        runs = tx.attempt
        const entered = await body(tx)
        return entered.isOk() && wish.rollback ? err(OWN_ERROR) : entered
      },
      { timeoutMs: wish.transactionMs },
    )
    return told(result, entriesOf, runs)
  }

  /** The target, with a statement before it and one behind it: also where the target has failed, which must not bring it anywhere else. */
  async function betweenOthers(tx: Tx<Books>, target: () => Promise<Entered>): Promise<Entered> {
    const first: Entered = await tx.all(into("ledger_first"))
    if (first.isErr()) return first
    const entered = await target()
    const last: Entered = await tx.all(into("ledger_last"))
    return last.isOk() || entered.isErr() ? entered : last
  }

  async function savepoint(tx: Tx<Books>): Promise<Entered> {
    const part: Entered = await tx.savepoint(async (inner): Promise<Entered> => {
      const entered: Entered = await inner.all(into("ledger"), limits)
      return entered.isOk() && wish.rollbackTo ? err(OWN_ERROR) : entered
    })
    return part.isErr() && part.error === OWN_ERROR ? ok([]) : part
  }

  const works: Readonly<Record<Kind, () => Promise<Told>>> = {
    read: async () => told(await db.all(stock, limits), numbersOf),
    "read as text": async () => told(await db.query<Stock>(STOCK_AS_TEXT, [], limits), ({ rows }) => numbersOf(rows)),
    write: async () => told(await db.all(into("ledger"), limits), entriesOf),
    "counted write": async () =>
      told(await db.exec(db.insertInto("ledger").values(rowsToEnter), limits), ({ affected }) => countOf(affected)),
    transaction: () => inTransaction((tx) => betweenOthers(tx, async () => tx.all(into("ledger"), limits))),
    commit: () => inTransaction(async (tx) => tx.all(into("ledger"), limits)),
    savepoint: () => inTransaction((tx) => betweenOthers(tx, () => savepoint(tx))),
    stream: streamed,
  }
  return {
    warmUp: async () => db.query("select 1"),
    work: (kind) => works[kind](),
    again: async () => numbersOf(valueOf(await db.query<Stock>(STOCK_AS_TEXT, [], { timeoutMs: AMPLE_MS })).rows),
    resolve: async (token) =>
      db.resolve(token).match(
        (effect) => effect,
        ({ kind }) => kind,
      ),
    pool: () => db.snapshot().pool,
    close: async () => db.close(),
  }
}
