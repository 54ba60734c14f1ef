import { createEngine } from "@kysely-resilient/driver"
import { CompiledQuery, Kysely, type ControlledTransaction, type Transaction } from "kysely"

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

export const throughKysely: Open = (options, wish): Application => {
  const tries = new Tries()
  // Kysely's calls have no deadlines of their own, so the driver's hold for all of them.
  const timeouts = { ...options.timeouts, queryMs: wish.statementMs, transactionMs: wish.transactionMs }
  const engine = createEngine({ ...options, timeouts, observer: tries.observer })
  const db = new Kysely<Books>({ dialect: engine.dialect() })
  const into = (on: Kysely<Books>, table: LedgerTable): Promise<Entry[]> =>
    on.insertInto(table).values(rowsToEnter).returning("entry").execute()
  const stock = db.selectFrom("stock").select("n").orderBy("n")

  async function told<T>(work: Promise<T>, read: (value: T) => unknown, count = () => tries.count): Promise<Told> {
    try {
      return { told: "value", value: read(await work), tries: count() }
    } catch (error) {
      return failed(error)
    }
  }

  async function streamed(): Promise<Told> {
    const rows: Stock[] = []
    try {
      for await (const row of stock.stream(CHUNK)) rows.push(row)
      return { told: "value", value: numbersOf(rows), tries: tries.count }
    } catch (error) {
      return failed(error, rows.length)
    }
  }

  function inTransaction(body: (trx: Transaction<Books>) => Promise<Entry[]>): Promise<Told> {
    const work = db.transaction().execute(async (trx) => {
      const entered = await body(trx)
      if (wish.rollback) throw OWN_ERROR
      return entered
    })
    return told(work, entriesOf, () => 1)
  }

  /** Kysely has savepoints only where its caller ends the transaction himself. */
  async function withSavepoint(): Promise<Entry[]> {
    const trx = await db.startTransaction().execute()
    try {
      await into(trx, "ledger_first")
      const entered = await savepoint(trx)
      await into(trx, "ledger_last")
      if (wish.rollback) throw OWN_ERROR
      await trx.commit().execute()
      return entered
    } catch (error) {
      if (!trx.isCommitted && !trx.isRolledBack) await trx.rollback().execute()
      throw error
    }
  }

  async function savepoint(trx: ControlledTransaction<Books>): Promise<Entry[]> {
    const inside = await trx.savepoint("part").execute()
    const entered = await into(inside, "ledger")
    if (wish.rollbackTo) {
      await inside.rollbackToSavepoint("part").execute()
      return []
    }
    await inside.releaseSavepoint("part").execute()
    return entered
  }

  const works: Readonly<Record<Kind, () => Promise<Told>>> = {
    read: () => told(stock.execute(), numbersOf),
    "read as text": () => told(db.executeQuery<Stock>(CompiledQuery.raw(STOCK_AS_TEXT)), ({ rows }) => numbersOf(rows)),
    write: () => told(into(db, "ledger"), entriesOf),
    "counted write": () =>
      told(db.insertInto("ledger").values(rowsToEnter).executeTakeFirst(), ({ numInsertedOrUpdatedRows }) =>
        countOf(numInsertedOrUpdatedRows),
      ),
    transaction: () =>
      inTransaction(async (trx) => {
        await into(trx, "ledger_first")
        const entered = await into(trx, "ledger")
        await into(trx, "ledger_last")
        return entered
      }),
    commit: () => inTransaction((trx) => into(trx, "ledger")),
    savepoint: () => told(withSavepoint(), entriesOf, () => 1),
    stream: streamed,
  }
  return {
    warmUp: () => engine.run(CompiledQuery.raw("select 1")),
    work: (kind) => works[kind](),
    again: async () => {
      const settled = await engine.run(CompiledQuery.raw(STOCK_AS_TEXT), { timeoutMs: AMPLE_MS })
      if (!settled.ok) throw new Error("it should have worked again", { cause: settled.failure })
      return numbersOf(settled.value.rows.filter(isStock))
    },
    resolve: async (token) => {
      const settled = await engine.resolve(token)
      return settled.ok ? settled.value : settled.failure.kind
    },
    pool: () => engine.snapshot().pool,
    // At once: Kysely itself would wait for what is running.
    close: () => engine.close(),
  }
}

function isStock(row: unknown): row is Stock {
  return typeof row === "object" && row !== null && "n" in row
}
