import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { createDatabase, type Database } from "@kysely-resilient/core"
import { MigrationError, migrate, migrationStatus, type ResilientMigration } from "@kysely-resilient/core/migrations"
import { afterServerHasCommit, cut, startFaultProxy } from "@kysely-resilient/testing"
import { CamelCasePlugin, sql, type Kysely } from "kysely"
import { Migrator } from "kysely/migration"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf, valueOf } from "../../support/results.ts"

const database = testDatabase(import.meta.url)
let db: Database<object>

beforeEach(async () => {
  await database.ask("drop schema public cascade; create schema public")
  db = open()
})

afterEach(async () => {
  expect(db.snapshot().pool.leased).toBe(0)
  const locks = await database.ask(
    "select from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
  )
  expect(locks).toEqual([])
  valueOf(await db.close())
})

function open(options = {}): Database<object> {
  return createDatabase<object>({
    connection: database.url,
    pool: { min: 0, max: 3 },
    retry: { slow: { baseMs: 5, maxMs: 20 }, quick: { baseMs: 5, maxMs: 20 } },
    ...options,
  })
}

const statement = (up: string, down?: string): ResilientMigration => ({
  up: async (kysely: Kysely<unknown>) => void (await sql.raw(up).execute(kysely)),
  ...(down !== undefined && { down: async (kysely: Kysely<unknown>) => void (await sql.raw(down).execute(kysely)) }),
})

const users = statement("create table users (id int)", "drop table users")
const posts = statement("create table posts (id int)", "drop table posts")
const tables = async () =>
  (await database.ask("select tablename as t from pg_tables where schemaname = 'public' order by 1"))
    .map(({ t }) => t)
    .filter((name) => !String(name).startsWith("kysely_"))

describe("migrate", () => {
  it("applies what is pending, and nothing the second time", async () => {
    const migrations = { "2_posts": posts, "1_users": users }
    expect(valueOf(await migrate(db, { migrations }))).toEqual({ applied: ["1_users", "2_posts"], undone: [] })
    expect(await tables()).toEqual(["posts", "users"])
    expect(valueOf(await migrate(db, { migrations }))).toEqual({ applied: [], undone: [] })
    const status = valueOf(await migrationStatus(db, { migrations: { ...migrations, "3_more": posts } }))
    expect(status.map(({ name, appliedAt }) => [name, appliedAt instanceof Date])).toEqual([
      ["1_users", true],
      ["2_posts", true],
      ["3_more", false],
    ])
  })

  it("goes to where it is told, up and down", async () => {
    const migrations = { a: users, b: posts, c: statement("select 1", "select 1") }
    expect(valueOf(await migrate(db, { migrations, to: "b" })).applied).toEqual(["a", "b"])
    expect(valueOf(await migrate(db, { migrations, to: "a" })).undone).toEqual(["b"])
    expect(await tables()).toEqual(["users"])
    valueOf(await migrate(db, { migrations }))
    expect(valueOf(await migrate(db, { migrations, to: null })).undone).toEqual(["c", "b", "a"])
    expect(await tables()).toEqual([])
  })

  it("reads a folder of TypeScript", async () => {
    const folder = await mkdtemp(join(tmpdir(), "migrations-"))
    try {
      await writeFile(
        join(folder, "0001_cities.ts"),
        `export async function up(db: { schema: any }): Promise<void> {
           await db.schema.createTable("cities").addColumn("id", "integer").execute()
         }`,
      )
      await writeFile(join(folder, "readme.txt"), "no migration")
      expect(valueOf(await migrate(db, { folder })).applied).toEqual(["0001_cities"])
      expect(await tables()).toEqual(["cities"])
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it("names the one that failed, which is rolled back; those before it stay", async () => {
    const bad: ResilientMigration = {
      up: async (kysely: Kysely<unknown>) => {
        await kysely.schema.createTable("half").addColumn("id", "integer").execute()
        await kysely.schema.createTable("users").addColumn("id", "integer").execute()
      },
    }
    const error = errorOf(await migrate(db, { migrations: { a: users, b: bad, c: posts } }))
    expect(error).toBeInstanceOf(MigrationError)
    expect(error).toMatchObject({ kind: "failed", migration: "b", direction: "up", done: ["a"] })
    expect(error.cause).toMatchObject({ kind: "invalid_statement", sqlState: "42P07" })
    expect(error.message).toMatch(/^Migration "b" failed, and it was rolled back: .*Done before it: a$/)
    expect(await tables()).toEqual(["users"])
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ migration: "b", cause: { sqlState: "42P07" } })
  })

  it("tells what a migration throws of its own", async () => {
    const up = async (): Promise<void> => {
      throw new TypeError("planned")
    }
    const error = errorOf(await migrate(db, { migrations: { a: { up } } }))
    expect(error).toMatchObject({ kind: "failed", migration: "a", cause: { kind: "callback_threw" } })
    expect(error.message).toContain("it threw TypeError: planned")
  })

  it("runs one by one where several processes start at once", async () => {
    const others = [open(), open(), open()]
    const migrations = { a: statement("create table users (id int); select pg_sleep(0.05)"), b: posts }
    const all = await Promise.all([db, ...others].map((each) => migrate(each, { migrations })))
    expect(all.flatMap((each) => valueOf(each).applied).toSorted()).toEqual(["a", "b"])
    for (const other of others) valueOf(await other.close())
  })

  it("gives up when another process does not come to its end", async () => {
    await database.ask(
      "create function hold() returns void language sql as 'select pg_advisory_xact_lock(3853314791062309107)'",
    )
    const other = open()
    const holding = other.transaction(async (tx) => {
      valueOf(await tx.query("select hold()"))
      const error = errorOf(await migrate(db, { migrations: { a: users }, waitMs: 50 }))
      expect(error).toMatchObject({ kind: "locked", done: [] })
      return tx.query("select 1")
    })
    valueOf(await holding)
    valueOf(await other.close())
  })

  it("keeps out, and is kept out by, Kysely's own Migrator", async () => {
    const other = open()
    const migrator = new Migrator({
      db: other.kysely,
      provider: { getMigrations: async () => ({ a: statement("select pg_sleep(0.3)"), b: users }) },
    })
    const theirs = migrator.migrateToLatest()
    const ours = migrate(db, { migrations: { a: statement("select 1"), b: users } })
    expect((await theirs).error).toBeUndefined()
    valueOf(await ours)
    const rows = await database.ask("select name from kysely_migration order by name")
    expect(rows.map(({ name }) => name)).toEqual(["a", "b"])
    valueOf(await other.close())
  })

  it("runs without a transaction what needs none, while others wait for their turn", async () => {
    await database.ask("create table big (id int)")
    const index: ResilientMigration = {
      ...statement("create index concurrently big_id on big (id)"),
      transaction: false,
    }
    const other = open()
    const migrations = { a: index, b: users }
    const both = await Promise.all([migrate(db, { migrations }), migrate(other, { migrations })])
    expect(both.flatMap((each) => valueOf(each).applied).toSorted()).toEqual(["a", "b"])
    expect(await database.ask("select from pg_indexes where indexname = 'big_id'")).toHaveLength(1)
    valueOf(await other.close())
  })

  it("says that what failed outside a transaction stays", async () => {
    const up = async (kysely: Kysely<unknown>): Promise<void> => {
      await sql`create table stays (id int)`.execute(kysely)
      await sql`select 1 / 0`.execute(kysely)
    }
    const error = errorOf(await migrate(db, { migrations: { a: { up, transaction: false } } }))
    expect(error.message).toContain("without a transaction, so what it did before that stays")
    expect(await tables()).toEqual(["stays"])
  })

  it("tries again when a lock does not come in time", async () => {
    await database.ask("create table busy (id int)")
    const other = open()
    let runs = 0
    const up = async (kysely: Kysely<unknown>): Promise<void> => {
      runs += 1
      if (runs === 2) release.resolve()
      await sql`alter table busy add column x int`.execute(kysely)
    }
    const release = Promise.withResolvers<void>()
    const reading = other.transaction(async (tx) => {
      const read = await tx.query("select * from busy")
      await release.promise
      return read
    })
    const migrated = migrate(db, { migrations: { a: { up } }, lockTimeoutMs: 100 })
    valueOf(await migrated)
    valueOf(await reading)
    expect(runs).toBe(2)
    valueOf(await other.close())
  })

  it("survives a lost connection and a COMMIT that nobody answered", async () => {
    const { hostname, port } = new URL(database.url)
    const proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
    const shaky = open({ connection: proxy.url(database.url) })
    let runs = 0
    const once = async (kysely: Kysely<unknown>): Promise<void> => {
      runs += 1
      if (runs === 1) await sql`select pg_terminate_backend(pg_backend_pid())`.execute(kysely)
      await sql`create table users (id int)`.execute(kysely)
    }
    expect(valueOf(await migrate(shaky, { migrations: { a: { up: once } } })).applied).toEqual(["a"])
    expect(runs).toBe(2)
    const rule = proxy.rule({ when: afterServerHasCommit, do: cut() })
    expect(valueOf(await migrate(shaky, { migrations: { a: users, b: posts } })).applied).toEqual(["b"])
    expect(rule.hits).toBe(1)
    expect(await tables()).toEqual(["posts", "users"])
    valueOf(await shaky.close())
    await proxy.close()
  })

  it("is written in the names of the database's plugins", async () => {
    const camel = open({ plugins: [new CamelCasePlugin()] })
    const up = async (kysely: Kysely<unknown>): Promise<void> =>
      kysely.schema.createTable("orderLines").addColumn("unitPrice", "integer").execute()
    valueOf(await migrate(camel, { migrations: { a: { up } } }))
    expect(valueOf(await migrationStatus(camel, { migrations: { a: { up } } }))[0]?.appliedAt).toBeInstanceOf(Date)
    expect(await tables()).toEqual(["order_lines"])
    valueOf(await camel.close())
  })

  it.each([
    ["one that was applied is missing", { b: posts }, {}, /"?a"? is missing/],
    ["one comes too late by its name", { "0": posts, a: users }, {}, /alphabetically|order/],
    ["there is no such target", { a: users }, { to: "z" }, /There is no migration "z"/],
    ["what has no way back is to be undone", { a: statement("select 1") }, { to: null }, /"a" cannot be undone/],
  ])("refuses when %s", async (_, migrations, more, message) => {
    valueOf(await migrate(db, { migrations: { a: users } }))
    const error = errorOf(await migrate(db, { migrations, ...more }))
    expect(error.kind).toBe("invalid")
    expect(error.message).toMatch(message)
    expect(await tables()).toEqual(["users"])
  })

  it.each([
    ["no source", {}, /one of folder, migrations and provider; there is none/],
    ["two", { folder: ".", migrations: {} }, /there are 2/],
    ["a folder that is not there", { folder: "/nowhere/at/all" }, /cannot be read: ENOENT/],
    ["a time that is none", { migrations: {}, waitMs: -1 }, /waitMs must be milliseconds above 0/],
  ])("refuses %s", async (_, options, message) => {
    const error = errorOf(await migrate(db, options))
    expect(error).toMatchObject({ kind: "invalid" })
    expect(error.message).toMatch(message)
  })

  it("says when the database cannot be asked", async () => {
    const away = createDatabase<object>({
      connection: "postgres://127.0.0.1:1/nowhere",
      pool: { min: 0 },
      retry: { outageWaitMs: 10 },
    })
    const error = errorOf(await migrate(away, { migrations: { a: users } }))
    expect(error).toMatchObject({ kind: "unavailable", cause: { category: "availability" } })
    expect(errorOf(await migrationStatus(away, { migrations: { a: users } })).kind).toBe("unavailable")
    valueOf(await away.close())
  })
})
