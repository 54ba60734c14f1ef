import { attempt, unsafeDriverError, type Database } from "@kysely-resilient/core"
import { CamelCasePlugin, CompiledQuery, type Generated } from "kysely"
import { jsonArrayFrom } from "kysely/helpers/postgres"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

beforeAll(() => {
  db = shop.open()
})

beforeEach(async () => {
  valueOf(await db.query("truncate accounts, transfers restart identity cascade"))
  const accounts = [1, 2, 3].map((id) => ({ id, owner: `owner ${id}`, balance: 100 }))
  valueOf(await db.exec(db.insertInto("accounts").values(accounts)))
})

afterAll(async () => {
  valueOf(await db.close({ drainMs: 1_000 }))
})

describe("ready", () => {
  it("answers the server's version once a connection is open", async () => {
    const report = valueOf(await db.ready())
    expect(report.serverVersion).toMatch(/^\d+/)
    expect(report.connectMs).toBeGreaterThan(0)
    expect(db.snapshot().pool.idle).toBeGreaterThan(0)
  })

  it("is an Err when nobody answers, or no database is named", async () => {
    const nobody = shop.open({ connection: "postgres://localhost:1/x", retry: false })
    expect(errorOf(await nobody.ready())).toMatchObject({ kind: "connection_failed", effect: "not_applied" })
    await nobody.close()
  })
})

describe("terminals", () => {
  it("answer what is in the database", async () => {
    const all = db.selectFrom("accounts").select(["id", "balance"]).orderBy("id")
    expect(valueOf(await db.all(all))).toEqual([1, 2, 3].map((id) => ({ id, balance: 100 })))
    expect(valueOf(await all.where("id", "=", 2).$call(db.one))).toEqual({ id: 2, balance: 100 })
    expect(valueOf(await db.maybeOne(all.where("id", "=", 9)))).toBeUndefined()
    expect(valueOf(await db.first(all))).toEqual({ id: 1, balance: 100 })
    const nothingDone = { effect: "not_applied" }
    expect(errorOf(await db.one(all))).toMatchObject({ kind: "too_many_rows", ...nothingDone })
    expect(errorOf(await db.one(all.where("id", "=", 9)))).toMatchObject({ kind: "no_row", ...nothingDone })
    const changed = db.updateTable("accounts").set({ balance: 100 }).where("balance", "=", 100).returning("id")
    expect(errorOf(await db.one(changed))).toMatchObject({ kind: "too_many_rows", effect: "applied" })
    expect(valueOf(await db.exists(all.where("id", "=", 2)))).toBe(true)
    expect(valueOf(await db.exists(all.where("id", "=", 9)))).toBe(false)
    expect(valueOf(await db.exists(CompiledQuery.raw("select 1 where $1 = 2;", [1])))).toBe(false)
    expect(valueOf(await db.exec(db.updateTable("accounts").set({ balance: 5 })))).toEqual({ affected: 3n })
    const back = db.deleteFrom("accounts").where("id", "<", 3).returning("id")
    expect(valueOf(await db.all(back))).toEqual([{ id: 1 }, { id: 2 }])
  })

  it("answer joins, CTEs, aggregates, nested JSON and raw SQL", async () => {
    const poor = db
      .with("poor", (query) => query.selectFrom("accounts").select("id").where("balance", "<", 200))
      .selectFrom("poor")
      .innerJoin("accounts", "accounts.id", "poor.id")
      .select((eb) => eb.fn.countAll<string>().as("n"))
    expect(valueOf(await db.one(poor))).toEqual({ n: "3" })
    const nested = db
      .selectFrom("accounts")
      .where("id", "=", 1)
      .select((eb) => [
        "id",
        jsonArrayFrom(eb.selectFrom("transfers").select("amount").whereRef("source", "=", "accounts.id")).as("sent"),
      ])
    expect(valueOf(await db.one(nested))).toEqual({ id: 1, sent: [] })
    expect(valueOf(await db.one(db.sql<{ n: number }>`select ${7}::int as n`))).toEqual({ n: 7 })
    expect(valueOf(await db.query("select $1::int + 1 as n", [1]))).toEqual({
      rows: [{ n: 2 }],
      affected: 1n,
      command: "SELECT",
    })
  })

  it("a batch is all or nothing", async () => {
    const answers = await db.batch({
      moved: db.updateTable("accounts").set({ balance: 1 }).where("id", "=", 1),
      left: db.selectFrom("accounts").select("balance").where("id", "=", 1),
    })
    expect(valueOf(answers)).toEqual({ moved: { affected: 1n }, left: [{ balance: 1 }] })
    const failing = await db.batch({
      moved: db.updateTable("accounts").set({ balance: 2 }).where("id", "=", 1),
      wrong: db.updateTable("accounts").set({ balance: -1 }).where("id", "=", 2),
    })
    expect(errorOf(failing)).toMatchObject({ kind: "check_violation", constraint: "accounts_balance_check" })
    expect(await shop.database.ask("select balance from accounts where id = 1")).toEqual([{ balance: 1 }])
  })

  it("streams give every row, and give back their connection when they are left early", async () => {
    valueOf(await db.query("insert into accounts select n, 'n' || n from generate_series(10, 2009) n"))
    const query = db.selectFrom("accounts").select("id").orderBy("id")
    let rows = 0
    for await (const row of db.stream(query, { chunkSize: 100 })) {
      valueOf(row)
      rows += 1
    }
    expect(rows).toBe(2_003)
    for await (const row of db.stream(query, { chunkSize: 10 })) if (valueOf(row).id === 2) break
    expect(db.snapshot().pool.leased).toBe(0)
    expect(valueOf(await db.forEach(query, () => {}))).toEqual({ rows: 2_003 })
    const broken = db.sql`select 1 / (5 - n) from generate_series(1, 9) n`
    const seen: string[] = []
    for await (const row of db.stream(broken, { chunkSize: 2 })) seen.push(row.isOk() ? "row" : row.error.kind)
    expect(seen.slice(0, 4)).toEqual(["row", "row", "row", "row"])
    expect(seen.at(-1)).toBe("data_exception")
    expect(db.snapshot().pool.leased).toBe(0)
  })

  it("attempt goes through them and leaves with the first Err", async () => {
    const answer = await attempt(async function* () {
      const first = yield* db.one(db.selectFrom("accounts").select("id").orderBy("id").limit(1))
      yield* db.one(db.selectFrom("accounts").select("id").where("id", "=", -1))
      return first
    })
    expect(errorOf(answer)).toMatchObject({ kind: "no_row" })
  })
})

describe("errors", () => {
  it.each([
    [
      "insert into accounts values (1, 'twin')",
      { kind: "unique_violation", constraint: "accounts_pkey", table: "accounts", category: "constraint" },
    ],
    ["insert into accounts values (7, null)", { kind: "not_null_violation", columns: ["owner"], constraint: null }],
    ["update accounts set balance = -7", { kind: "check_violation", constraint: "accounts_balance_check" }],
    [
      "insert into transfers (source, target, amount) values (99, 1, 1)",
      { kind: "foreign_key_violation", constraint: "transfers_source_fk" },
    ],
    ["select 'secret'::int", { kind: "data_exception", sqlState: "22P02" }],
    ["select 1 / 0", { kind: "data_exception", sqlState: "22012" }],
    ["selec 1", { kind: "invalid_statement", sqlState: "42601" }],
    ["select * from nowhere", { kind: "invalid_statement", sqlState: "42P01" }],
    ["do $$ begin raise exception 'secret of %', 7; end $$", { kind: "raised_exception" }],
  ])("%s is %j", async (text, expected) => {
    const error = errorOf(await db.query(text, [], { name: "probe" }))
    expect(error).toMatchObject({ ...expected, retry: "never" })
    expect(error.message).toContain('query "probe"')
    expect(`${error.message}${JSON.stringify({ ...error, query: undefined })}`).not.toMatch(/secret|twin/)
    expect(unsafeDriverError(error)).toBeInstanceOf(Error)
  })

  it("name what does not exist, since it is in the statement anyway, and no value that does not exist", async () => {
    expect(errorOf(await db.query("select emial from accounts")).message).toContain('column "emial" does not exist')
    expect(errorOf(await db.query("select $1::regclass", ["secret"])).message).not.toContain("secret")
  })

  it("bad input is refused before it is sent, and the connection stays usable", async () => {
    expect(errorOf(await db.query("select $1::text", ["a\0b"]))).toMatchObject({
      kind: "encode_failed",
      effect: "not_applied",
    })
    expect(valueOf(await db.query("select 1 as n")).rows).toEqual([{ n: 1 }])
  })

  it("a deadline and a signal end a statement on the server too", async () => {
    const late = errorOf(await db.query("select pg_sleep(20)", [], { timeoutMs: 100 }))
    expect(late).toMatchObject({ kind: "deadline_exceeded", category: "limit" })
    const aborted = errorOf(await db.query("select pg_sleep(20)", [], { signal: AbortSignal.timeout(100) }))
    expect(aborted).toMatchObject({ kind: "aborted", category: "limit" })
    expect(
      await shop.database.ask(
        "select count(*)::int as n from pg_stat_activity where datname = current_database() and query = 'select pg_sleep(20)' and state = 'active'",
      ),
    ).toEqual([{ n: 0 }])
  })

  it("a closed database refuses, with an Err", async () => {
    const closed = shop.open()
    valueOf(await closed.close())
    expect(errorOf(await closed.query("select 1"))).toMatchObject({ kind: "pool_closed" })
    expect(errorOf(await closed.transaction((tx) => tx.query("select 1")))).toMatchObject({ kind: "pool_closed" })
  })
})

describe("plugins and the hot Kysely", () => {
  it("see the same on both paths", async () => {
    interface Camel {
      camelCases: { firstName: string; id: Generated<number> }
    }
    const camel = shop.open({ plugins: [new CamelCasePlugin()] }) as unknown as Database<Camel>
    valueOf(
      await camel.exec(
        camel.schema.createTable("camelCases").ifNotExists().addColumn("id", "serial").addColumn("firstName", "text"),
      ),
    )
    valueOf(await camel.exec(camel.insertInto("camelCases").values({ firstName: "Ann" })))
    const query = camel.selectFrom("camelCases").select(["firstName"])
    expect(valueOf(await camel.all(query))).toEqual([{ firstName: "Ann" }])
    expect(await camel.kysely.selectFrom("camelCases").select("firstName").execute()).toEqual([{ firstName: "Ann" }])
    expect(valueOf(await camel.all(camel.kysely.selectFrom("camelCases").select("firstName")))).toEqual([
      { firstName: "Ann" },
    ])
    for await (const row of camel.stream(query)) expect(valueOf(row)).toEqual({ firstName: "Ann" })
    expect(valueOf(await camel.query("select first_name from camel_cases")).rows).toEqual([{ firstName: "Ann" }])
    await camel.close()
  })
})
