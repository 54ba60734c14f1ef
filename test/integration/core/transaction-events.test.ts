import { createDatabase } from "@kysely-resilient/core"
import type { DriverEvent } from "@kysely-resilient/driver"
import { ok } from "neverthrow"
import { expect, it, onTestFinished } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

function watched() {
  const events: DriverEvent[] = []
  const db = createDatabase<object>({ connection: database.url, observer: (event) => void events.push(event) })
  onTestFinished(async () => void (await db.close()))
  const told = (...names: readonly DriverEvent["name"][]) => events.filter(({ name }) => names.includes(name))
  return { db, told }
}

const END = "select pg_terminate_backend($1)"
const backendOf = (db: ReturnType<typeof watched>["db"]) =>
  db.connections().find(({ state }) => state === "in-transaction")?.processId

it("a transaction whose connection is lost is told as a whole, and its statement as part of it", async () => {
  const { db, told } = watched()
  const result = await db.transaction(
    async (tx) => {
      const first = await tx.query("select 1")
      if (first.isErr()) return first
      if (tx.attempt === 1) await database.ask(END, [backendOf(db)])
      const second = await tx.query("select 2")
      return second.isErr() ? second : ok(tx.attempt)
    },
    { name: "pay" },
  )
  expect(result._unsafeUnwrap()).toBe(2)
  expect(told("query.failed", "transaction.rerun", "transaction.recovered", "transaction.failed")).toMatchObject([
    { name: "query.failed", partOf: "transaction" },
    { name: "transaction.rerun", label: "pay" },
    { name: "transaction.recovered", label: "pay", attempts: 2 },
  ])
})

it("one that is not run again has failed, and one of Kysely's own is not told as a whole", async () => {
  const { db, told } = watched()
  const result = await db.transaction(
    async (tx) => {
      await tx.query("select 1")
      await database.ask(END, [backendOf(db)])
      return tx.query("select 2")
    },
    { name: "pay", retry: false },
  )
  expect(result.isErr()).toBe(true)
  expect(told("query.failed", "transaction.failed")).toMatchObject([
    { name: "query.failed", partOf: "transaction" },
    { name: "transaction.failed", label: "pay", attempts: 1, because: "switched-off" },
  ])
  const kyselys = db.kysely.transaction().execute(async (trx) => {
    await trx.selectNoFrom((eb) => eb.val(1).as("one")).execute()
    await database.ask(END, [backendOf(db)])
    await trx.selectNoFrom((eb) => eb.val(2).as("two")).execute()
  })
  await expect(kyselys).rejects.toThrow("terminat")
  const last = told("query.failed", "transaction.failed").at(-1)
  expect(last).toMatchObject({ name: "query.failed" })
  expect(last).not.toHaveProperty("partOf")
})
