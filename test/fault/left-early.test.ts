/** What errors say was done, of a stream or batch whose rows were answered and then thrown at. */
import { createDatabase, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import {
  afterServerHasCommit,
  beforeCommitReachesServer,
  cut,
  startFaultProxy,
  type FaultProxy,
} from "@kysely-resilient/testing"
import type { KyselyPlugin } from "kysely"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"
import { errorOf, valueOf } from "../support/results.ts"

interface DB {
  notes: { note: string }
}

const database = testDatabase(import.meta.url)
let proxy: FaultProxy

beforeAll(async () => {
  await database.ask("create table notes (note text)")
  proxy = await startFaultProxy({ target: database.url })
})
beforeEach(async () => {
  proxy.clearRules()
  await database.ask("truncate notes")
})
afterAll(() => proxy.close())

const open = (options: DatabaseOptions = {}): Database<DB> =>
  createDatabase<DB>({ connection: proxy.url(database.url), pool: { min: 0, max: 2 }, ...options })
const notes = async () => (await database.ask("select note from notes")).length
const boom = (): never => {
  throw new Error("boom")
}
const add = (db: Pick<Database<DB>, "insertInto">) =>
  db
    .insertInto("notes")
    .values([{ note: "a" }, { note: "b" }, { note: "c" }])
    .returning("note")

describe("forEach, when its callback throws,", () => {
  it.each([1, 500])("has read and applied nothing, in chunks of %s", async (chunkSize) => {
    await using db = open()
    await database.ask("insert into notes values ('a'), ('b')")
    const proved = await db.forEach(db.selectFrom("notes").select("note"), boom, { chunkSize })
    expect(errorOf(proved)).toMatchObject({ kind: "callback_threw", effect: "not_applied" })
    const text = await db.forEach(db.sql<{ note: string }>`select note from notes`, boom, { chunkSize })
    expect(errorOf(text)).toMatchObject({ kind: "callback_threw", effect: "not_applied" })
  })

  it.each([1, 500])("has written, which stands, in chunks of %s", async (chunkSize) => {
    await using db = open()
    const written = await db.forEach(add(db), boom, { chunkSize })
    expect(errorOf(written)).toMatchObject({ kind: "callback_threw", effect: "applied" })
    expect(await notes()).toBe(3)
  })

  it("has written nothing yet in a transaction", async () => {
    await using db = open()
    const written = await db.transaction((tx) => tx.forEach(add(tx), boom))
    expect(errorOf(written)).toMatchObject({ kind: "callback_threw", effect: "not_applied" })
    expect(await notes()).toBe(0)
  })

  it.each([
    ["the server has it, is found out", afterServerHasCommit, "xid", "applied", 3],
    ["the server has it, nobody knows", afterServerHasCommit, "off", "unknown", 3],
    ["it reaches the server, is found out", beforeCommitReachesServer, "xid", "not_applied", 0],
  ] as const)("and COMMIT is lost when %s", async (_, when, resolution, effect, stored) => {
    await using db = open({ resolution })
    valueOf(await db.query("select 1"))
    const lost = proxy.rule({ when, do: cut() })
    const written = await db.forEach(add(db), boom, { chunkSize: 1 })
    expect(errorOf(written)).toMatchObject({ kind: "callback_threw", effect })
    expect(lost.hits).toBe(1)
    expect(await notes()).toBe(stored)
  })
})

describe("rows that a plugin cannot read", () => {
  const unreadable: KyselyPlugin = {
    transformQuery: ({ node }) => node,
    transformResult: () => Promise.reject(new Error("unreadable")),
  }

  it("have applied nothing where they were only read, in a batch too", async () => {
    await using db = open({ plugins: [unreadable] })
    await database.ask("insert into notes values ('a')")
    const read = db.selectFrom("notes").select("note")
    expect(errorOf(await db.batch({ read, again: read }))).toMatchObject({
      kind: "decode_failed",
      effect: "not_applied",
    })
    for await (const row of db.stream(read)) {
      expect(errorOf(row)).toMatchObject({ kind: "decode_failed", effect: "not_applied" })
    }
  })

  it("are applied where they were written", async () => {
    await using db = open({ plugins: [unreadable] })
    const read = db.selectFrom("notes").select("note")
    expect(errorOf(await db.batch({ read, add: add(db) }))).toMatchObject({ effect: "applied" })
    for await (const row of db.stream(add(db))) expect(errorOf(row)).toMatchObject({ effect: "applied" })
    expect(await notes()).toBe(6)
  })
})
