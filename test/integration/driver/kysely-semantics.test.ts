import { CamelCasePlugin, CompiledQuery, Kysely, sql, type Generated, type LogEvent } from "kysely"
import { Migrator } from "kysely/migration"
import { DriverError, ResilientPostgresDialect, type DriverEvent } from "@kysely-resilient/driver"
import { afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

interface DB {
  person: { id: Generated<number>; first_name: string; age: number | null }
}

const database = testDatabase(import.meta.url)
let events: DriverEvent[]
let db: Kysely<DB>

function open(options: Partial<ConstructorParameters<typeof ResilientPostgresDialect>[0]> = {}): Kysely<DB> {
  return new Kysely<DB>({
    dialect: new ResilientPostgresDialect({
      connection: database.url,
      pool: { min: 0, max: 3 },
      observer: (event) => events.push(event),
      ...options,
    }),
  })
}

beforeAll(async () => {
  events = []
  const setup = open()
  await setup.schema
    .createTable("person")
    .addColumn("id", "serial", (column) => column.primaryKey())
    .addColumn("first_name", "text", (column) => column.notNull().unique())
    .addColumn("age", "integer")
    .execute()
  await setup.destroy()
})

beforeEach(async () => {
  events = []
  db = open()
  await sql`truncate person restart identity`.execute(db)
  events.length = 0
})

afterEach(async () => {
  await db.destroy()
})

const add = (name: string) => db.insertInto("person").values({ first_name: name, age: 1 })
const names = async () =>
  (await db.selectFrom("person").select("first_name").orderBy("id").execute()).map((p) => p.first_name)

describe("statements", () => {
  it("answers rows, and how many rows a write changed", async () => {
    const inserted = await db
      .insertInto("person")
      .values([{ first_name: "ann" }, { first_name: "bob" }])
      .executeTakeFirstOrThrow()
    expect(inserted.numInsertedOrUpdatedRows).toBe(2n)
    const updated = await db.updateTable("person").set({ age: 3 }).executeTakeFirstOrThrow()
    expect(updated.numUpdatedRows).toBe(2n)
    const deleted = await db.deleteFrom("person").where("first_name", "=", "ann").executeTakeFirstOrThrow()
    expect(deleted.numDeletedRows).toBe(1n)
    expect(await names()).toEqual(["bob"])
  })

  it("returns what RETURNING asks for", async () => {
    expect(await add("ann").returning(["id", "first_name"]).execute()).toEqual([{ id: 1, first_name: "ann" }])
  })

  it("keeps a column that is called __proto__", async () => {
    const { rows } = await sql`select 1 as "__proto__", 2 as b`.execute(db)
    expect(Object.entries(rows[0] as object)).toEqual([
      ["__proto__", 1],
      ["b", 2],
    ])
  })

  it("takes several statements in one text without parameters", async () => {
    await sql`insert into person (first_name) values ('a'); insert into person (first_name) values ('b')`.execute(db)
    expect(await names()).toEqual(["a", "b"])
  })

  it("answers an empty text with no rows", async () => {
    expect((await db.executeQuery(CompiledQuery.raw(""))).rows).toEqual([])
  })

  it("gives errors the fields that code on pg looks at", async () => {
    await add("ann").execute()
    const error = await add("ann")
      .execute()
      .catch((caught: unknown) => caught)
    expect(error).toBeInstanceOf(DriverError)
    expect(error).toMatchObject({
      code: "23505",
      constraint: "person_first_name_key",
      table: "person",
      kind: "unique_violation",
      effect: "not_applied",
      attempts: 1,
    })
    expect((error as DriverError).detail).toContain("ann")
    expect(JSON.stringify(error)).not.toContain("ann")
  })

  it("runs a raw SELECT that writes, once", async () => {
    await sql`create function grow() returns void language sql as $$ insert into person (first_name) values ('grown') $$`.execute(
      db,
    )
    await sql`select grow()`.execute(db)
    expect(await names()).toEqual(["grown"])
    await sql`with w as (insert into person (first_name) values ('w') returning id) select * from w`.execute(db)
    expect(await names()).toEqual(["grown", "w"])
  })
})

describe("bad input is refused before it is sent, and the connection stays", () => {
  it.each([
    ["a NUL", "a\0b", /NUL/],
    ["a lone surrogate", "a\ud800b", /surrogate/],
    ["an invalid Date", new Date(Number.NaN), /invalid Date/],
    [
      "something cyclic",
      (() => {
        const a: Record<string, unknown> = {}
        a["a"] = a
        return a
      })(),
      /cannot be serialised/,
    ],
  ])("%s", async (_, value, message) => {
    const error = await sql`select ${value}::text`.execute(db).catch((caught: unknown) => caught)
    expect(error).toMatchObject({ kind: "encode_failed", effect: "not_applied" })
    expect((error as Error).message).toMatch(message)
    expect((await sql<{ n: number }>`select 1 as n`.execute(db)).rows).toEqual([{ n: 1 }])
    expect(events.filter((event) => event.name === "connection.discarded")).toEqual([])
  })

  it("more than 65,535 parameters", async () => {
    const error = await db
      .executeQuery(
        CompiledQuery.raw(
          "select 1",
          Array.from({ length: 65_536 }, () => 1),
        ),
      )
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ kind: "encode_failed", effect: "not_applied" })
  })
})

describe("plugins and log", () => {
  it("works under CamelCasePlugin", async () => {
    await add("ann").execute()
    const camel = db.withPlugin(new CamelCasePlugin()) as unknown as Kysely<{
      person: { id: number; firstName: string }
    }>
    expect(await camel.selectFrom("person").select("firstName").execute()).toEqual([{ firstName: "ann" }])
  })

  it("logs statements, BEGIN and COMMIT, and errors", async () => {
    const logged: string[] = []
    const logging = new Kysely<DB>({
      dialect: new ResilientPostgresDialect({ connection: database.url, pool: { min: 0 } }),
      log: (event: LogEvent) => void logged.push(`${event.level} ${event.query.sql}`),
    })
    await logging.transaction().execute(async (trx) => trx.insertInto("person").values({ first_name: "x" }).execute())
    await sql`select 1/0`.execute(logging).catch(() => {})
    await logging.destroy()
    expect(logged).toEqual([
      "query begin",
      'query insert into "person" ("first_name") values ($1)',
      "query commit",
      "error select 1/0",
    ])
  })
})

describe("transactions", () => {
  it("commits what its callback did, and rolls back what it threw on", async () => {
    await db.transaction().execute(async (trx) => trx.insertInto("person").values({ first_name: "a" }).execute())
    const mine = new Error("mine")
    await expect(
      db.transaction().execute(async (trx) => {
        await trx.insertInto("person").values({ first_name: "b" }).execute()
        throw mine
      }),
    ).rejects.toBe(mine)
    expect(await names()).toEqual(["a"])
  })

  it("costs nothing when nothing ran in it", async () => {
    await db.destroy()
    db = open()
    await db.transaction().execute(async () => {})
    expect(events.filter((event) => event.name === "connection.opened")).toEqual([])
  })

  it("applies isolation level and access mode", async () => {
    const { rows } = await db
      .transaction()
      .setIsolationLevel("serializable")
      .setAccessMode("read only")
      .execute(async (trx) =>
        sql<{
          i: string
          r: string
        }>`select current_setting('transaction_isolation') as i, current_setting('transaction_read_only') as r`.execute(
          trx,
        ),
      )
    expect(rows).toEqual([{ i: "serializable", r: "on" }])
  })

  it("fails when a failed statement was swallowed, and says why", async () => {
    const error = await db
      .transaction()
      .execute(async (trx) => {
        await trx.insertInto("person").values({ first_name: "a" }).execute()
        await sql`select 1/0`.execute(trx).catch(() => {})
      })
      .catch((caught: unknown) => caught)
    expect(error).toMatchObject({ kind: "transaction_aborted", effect: "not_applied" })
    expect((error as Error).message).toMatch(/division by zero/)
    expect(await names()).toEqual([])
  })

  it("refuses raw COMMIT and ROLLBACK inside", async () => {
    for (const text of ["commit", "ROLLBACK", "begin", "/* x */ end"]) {
      const error = await db
        .transaction()
        .execute(async (trx) => sql.raw(text).execute(trx))
        .catch((caught: unknown) => caught)
      expect(error).toMatchObject({ kind: "refused" })
    }
  })

  it("refuses COMMIT AND CHAIN and PREPARE TRANSACTION anywhere", async () => {
    for (const text of ["commit and chain", "prepare transaction 'x'"]) {
      await expect(sql.raw(text).execute(db)).rejects.toMatchObject({ kind: "refused" })
    }
  })

  it("has controlled transactions with savepoints", async () => {
    const trx = await db.startTransaction().execute()
    await trx.insertInto("person").values({ first_name: "a" }).execute()
    const saved = await trx.savepoint("s").execute()
    await saved.insertInto("person").values({ first_name: "b" }).execute()
    await saved
      .insertInto("person")
      .values({ first_name: "b" })
      .execute()
      .catch(() => {})
    await saved.rollbackToSavepoint("s").execute()
    await saved.releaseSavepoint("s").execute()
    await trx.insertInto("person").values({ first_name: "c" }).execute()
    await trx.commit().execute()
    expect(trx.isCommitted).toBe(true)
    expect(await names()).toEqual(["a", "c"])
  })

  it("nests savepoints, and undoes only what came after the one rolled back to", async () => {
    const trx = await db.startTransaction().execute()
    const outer = await trx.savepoint("outer").execute()
    await outer.insertInto("person").values({ first_name: "kept" }).execute()
    const inner = await outer.savepoint("inner").execute()
    await sql`select 1/0`.execute(inner).catch(() => {})
    await inner.rollbackToSavepoint("inner").execute()
    await trx.commit().execute()
    expect(await names()).toEqual(["kept"])
  })

  it("releases a controlled transaction whose COMMIT fails", async () => {
    await sql`create table if not exists deferred (id int unique deferrable initially deferred)`.execute(db)
    const one = open({ pool: { min: 0, max: 1 } })
    const trx = await one.startTransaction().execute()
    await sql`insert into deferred values (1), (1)`.execute(trx)
    await expect(trx.commit().execute()).rejects.toMatchObject({ code: "23505", effect: "not_applied" })
    expect(trx.isRolledBack).toBe(true)
    expect((await sql<{ n: number }>`select 1 as n`.execute(one)).rows).toEqual([{ n: 1 }])
    await one.destroy()
  })

  it("keeps one connection in db.connection(), transactions inside it too", async () => {
    const pids = await db.connection().execute(async (pinned) => {
      const pid = async (on: Kysely<DB>) =>
        (await sql<{ pid: number }>`select pg_backend_pid() as pid`.execute(on)).rows[0]?.pid
      const seen = [await pid(pinned)]
      await pinned.transaction().execute(async (trx) => void seen.push(await pid(trx)))
      seen.push(await pid(pinned))
      return seen
    })
    expect(new Set(pids).size).toBe(1)
  })
})

describe("an orphan: a transaction that raw SQL left open", () => {
  async function orphan(policy: "rollback" | "commit" | "discard", harm = false): Promise<string[]> {
    const own = open({ orphanedTransaction: policy, pool: { min: 0, max: 1 } })
    await own.connection().execute(async (pinned) => {
      await sql`begin`.execute(pinned)
      await sql`insert into person (first_name) values ('orphan')`.execute(pinned)
      if (harm) {
        await sql`savepoint s`.execute(pinned)
        await sql`select 1/0`.execute(pinned).catch(() => {})
        await sql`rollback to s`.execute(pinned)
      }
    })
    expect((await sql<{ n: number }>`select 1 as n`.execute(own)).rows).toEqual([{ n: 1 }])
    await own.destroy()
    return names()
  }

  it("is rolled back by default", async () => expect(await orphan("rollback")).toEqual([]))
  it("is committed by the user's wish", async () => expect(await orphan("commit")).toEqual(["orphan"]))
  it("is rolled back against that wish when a statement of it failed", async () =>
    expect(await orphan("commit", true)).toEqual([]))
  it("takes its connection with it", async () => {
    expect(await orphan("discard")).toEqual([])
    expect(events).toContainEqual(expect.objectContaining({ name: "transaction.orphaned", action: "discard" }))
  })

  it("does not swallow the writes of others after BEGIN through the pool", async () => {
    const one = open({ pool: { min: 0, max: 1 } })
    await sql`begin`.execute(one)
    for (const name of ["a", "b", "c"]) await one.insertInto("person").values({ first_name: name }).execute()
    await one.destroy()
    expect(await names()).toEqual(["a", "b", "c"])
  })
})

describe("streaming", () => {
  const numbers = (to: number) =>
    db.selectFrom(sql<{ n: number }>`generate_series(1, ${sql.lit(to)})`.as<"g">(sql`g(n)`)).select("g.n")

  it("gives every row, in chunks", async () => {
    const seen: number[] = []
    for await (const row of numbers(2_500).stream(100)) seen.push(row.n)
    expect(seen).toEqual(Array.from({ length: 2_500 }, (_, index) => index + 1))
  })

  it("can be left early, and gives its connection back", async () => {
    const one = open({ pool: { min: 0, max: 1 } })
    const query = one.selectFrom(sql<{ n: number }>`generate_series(1, 1000000)`.as<"g">(sql`g(n)`)).select("g.n")
    for await (const row of query.stream(10)) if (row.n === 15) break
    const open1 = await sql<{
      n: number
    }>`select count(*)::int as n from pg_stat_activity where datname = current_database() and state like 'idle in%'`.execute(
      one,
    )
    expect(open1.rows).toEqual([{ n: 0 }])
    await one.destroy()
  })

  it("streams the rows of a write, and the write stands", async () => {
    for await (const row of db
      .insertInto("person")
      .values([{ first_name: "a" }, { first_name: "b" }])
      .returning("first_name")
      .stream(1)) {
      expect(row.first_name).toMatch(/a|b/)
    }
    expect(await names()).toEqual(["a", "b"])
  })

  it("streams inside a transaction, beside other statements of it", async () => {
    const trx = await db.startTransaction().execute()
    for await (const row of trx
      .selectFrom(sql<{ n: number }>`generate_series(1, 5)`.as<"g">(sql`g(n)`))
      .select("g.n")
      .stream(2)) {
      expect(row.n).toBeGreaterThan(0)
    }
    await trx.insertInto("person").values({ first_name: "after" }).execute()
    await trx.commit().execute()
    expect(await names()).toEqual(["after"])
  })

  it("throws the error of a stream that fails half way", async () => {
    const failing = db
      .selectFrom(sql<{ n: number }>`generate_series(1, 100)`.as<"g">(sql`g(n)`))
      .select(sql<number>`100 / (50 - n)`.as("q"))
    const seen: number[] = []
    const reading = async () => {
      for await (const row of failing.stream(10)) seen.push(row.q)
    }
    await expect(reading()).rejects.toMatchObject({ code: "22012" })
    expect(seen.length).toBeGreaterThan(0)
    expect(await names()).toEqual([])
  })
})

describe("cancellation", () => {
  const running = async () =>
    (
      await sql<{
        n: number
      }>`select count(*)::int as n from pg_stat_activity where query like 'select pg_sleep%' and state = 'active' and datname = current_database()`.execute(
        db,
      )
    ).rows[0]?.n

  async function untilRunning(count: number): Promise<void> {
    while ((await running()) !== count) await new Promise((resolve) => setTimeout(resolve, 5))
  }

  it.each(["cancel query", "kill session"] as const)(
    "%s: the statement is gone from the server, the caller sees its own reason",
    async (strategy) => {
      const controller = new AbortController()
      const sleeping = db.executeQuery(CompiledQuery.raw("select pg_sleep(30)"), {
        signal: controller.signal,
        inflightQueryAbortStrategy: strategy,
      })
      // oxlint-disable-next-line vitest/valid-expect -- awaited below; it must listen before the abort
      const rejected = expect(sleeping).rejects.toThrow("enough")
      await untilRunning(1)
      controller.abort(new Error("enough"))
      await rejected
      await untilRunning(0)
      expect(await names()).toEqual([])
    },
  )

  it("ignore query: the statement runs on", async () => {
    const controller = new AbortController()
    const sleeping = db.executeQuery(CompiledQuery.raw("select pg_sleep(0.5)"), { signal: controller.signal })
    // oxlint-disable-next-line vitest/valid-expect -- awaited below; it must listen before the abort
    const rejected = expect(sleeping).rejects.toThrow("enough")
    await untilRunning(1)
    controller.abort(new Error("enough"))
    await rejected
    expect(await running()).toBe(1)
    await untilRunning(0)
    expect(events.filter((event) => event.name === "query.abandoned")).toEqual([])
  })

  it("a statement still waiting for a connection is never sent", async () => {
    const one = open({ pool: { min: 0, max: 1 } })
    const busy = sql`select pg_sleep(0.3)`.execute(one)
    const controller = new AbortController()
    const waiting = one.executeQuery(add("never").compile(), { signal: controller.signal })
    // oxlint-disable-next-line vitest/valid-expect -- awaited below; it must listen before the abort
    const rejected = expect(waiting).rejects.toThrow("enough")
    controller.abort(new Error("enough"))
    await rejected
    await busy
    expect((await sql<{ n: number }>`select count(*)::int as n from person`.execute(one)).rows).toEqual([{ n: 0 }])
    await one.destroy()
  })
})

describe("the rest of Kysely", () => {
  it("migrates", async () => {
    const migrator = new Migrator({
      db,
      provider: {
        getMigrations: async () => ({
          "1": {
            up: async (on) => on.schema.createTable("migrated").addColumn("id", "integer").execute(),
            down: async (on) => on.schema.dropTable("migrated").execute(),
          },
        }),
      },
    })
    const up = await migrator.migrateToLatest()
    expect(up.error).toBeUndefined()
    expect(up.results).toEqual([expect.objectContaining({ status: "Success" })])
    const down = await migrator.migrateDown()
    expect(down.error).toBeUndefined()
  })

  it("introspects", async () => {
    const tables = await db.introspection.getTables()
    expect(tables.find((table) => table.name === "person")?.columns.map((column) => column.name)).toEqual([
      "id",
      "first_name",
      "age",
    ])
  })
})
