import { createDatabase, examine, inquire } from "@kysely-resilient/core"
import { expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

it("what is asked of the server to show how it is doing is no part of what is shown", async () => {
  const db = createDatabase<object>({ connection: database.url, pool: { min: 0 } })
  const heard: string[] = []
  db.observe((event) => heard.push(event.name))
  await db.query("select 1")
  const before = db.report().resilience.metrics
  expect(before.total_queries).toBe(1)

  const asked = await inquire(db, "select 42 as answer", { name: "test", timeoutMs: 1_000 })
  expect(asked._unsafeUnwrap()).toEqual([{ answer: 42 }])
  expect((await examine(db)).isOk()).toBe(true)
  const refused = await inquire(db, "create table evil ()", { name: "test", timeoutMs: 1_000 })
  expect(refused._unsafeUnwrapErr()).toMatchObject({ kind: "read_only_transaction", effect: "not_applied" })
  expect((await inquire({}, "select 1", { name: "test", timeoutMs: 1_000 }))._unsafeUnwrapErr().kind).toBe("refused")

  expect(db.report().resilience.metrics).toEqual(before)
  expect(heard.filter((name) => name.startsWith("query."))).toEqual(["query.succeeded"])
  await db.close()
})
