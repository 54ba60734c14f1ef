import {
  prepare,
  type Database,
  type QueryBuilders,
  type ReadonlyDatabase,
  type ReadonlySession,
} from "@kysely-resilient/core"
import { CompiledQuery, type Compilable } from "kysely"
import { ok, type Result } from "neverthrow"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>
let readonly: ReadonlyDatabase<ShopDB>

beforeAll(async () => {
  db = shop.open()
  readonly = db.readonly()
  await shop.database.ask(
    "create function add_account(id int) returns int language sql as 'insert into accounts values (id, ''f'' || id) returning 1'",
  )
})

beforeEach(async () => {
  valueOf(await db.query("truncate accounts, transfers restart identity cascade"))
  valueOf(await db.exec(db.insertInto("accounts").values([1, 2, 3].map((id) => ({ id, owner: `owner ${id}` })))))
})

afterAll(async () => {
  valueOf(await db.close({ drainMs: 1_000 }))
})

const ids = () => db.selectFrom("accounts").select("id").orderBy("id")
const REFUSED = { kind: "read_only_transaction", category: "request", retry: "never", effect: "not_applied" }

const remove = prepare("accounts.remove", (q: QueryBuilders<ShopDB>) => q.deleteFrom("accounts").returning("id"))

/** Past the types, as JavaScript may be, and raw SQL. */
const writes: Readonly<Record<string, () => CompiledQuery | Compilable>> = {
  "a builder's": () => db.deleteFrom("accounts").returning("id"),
  "raw SQL": () => CompiledQuery.raw("delete from accounts returning id"),
  "a write below WITH": () => CompiledQuery.raw("with gone as (delete from accounts returning id) select * from gone"),
  "a function's": () => CompiledQuery.raw("select add_account(7)"),
  "a prepared one": () => remove() as never,
  DDL: () => CompiledQuery.raw("create table t (n int)"),
  "a lock on rows": () => db.selectFrom("accounts").select("id").forUpdate(),
}

describe("a read-only database", () => {
  it("reads with every terminal", async () => {
    expect(valueOf(await readonly.all(ids()))).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
    expect(valueOf(await readonly.one(ids().limit(1)))).toEqual({ id: 1 })
    expect(valueOf(await readonly.exists(ids()))).toBe(true)
    expect(valueOf(await readonly.batch({ a: ids(), b: ids().limit(1) })).b).toEqual([{ id: 1 }])
    expect(valueOf(await readonly.query("select 1 as n")).rows).toEqual([{ n: 1 }])
    expect(valueOf(await readonly.forEach(ids(), () => {}, { chunkSize: 1 }))).toEqual({ rows: 3 })
    const seen: number[] = []
    for await (const row of readonly.stream(ids(), { chunkSize: 2 })) seen.push(valueOf(row).id)
    expect(seen).toEqual([1, 2, 3])
    const named = prepare("accounts.by", (q: QueryBuilders<ShopDB>, id: number) =>
      q.selectFrom("accounts").select("owner").where("id", "=", id),
    )
    expect(valueOf(await readonly.one(named(2)))).toEqual({ owner: "owner 2" })
  })

  describe.each(Object.entries(writes))("refuses %s", (_, write) => {
    type Run = (session: ReadonlySession<ShopDB>) => Promise<Result<unknown, unknown>>
    const terminals: Readonly<Record<string, Run>> = {
      all: async (session) => session.all(write() as CompiledQuery),
      exec: async (session) => session.exec(write() as CompiledQuery),
      "all, though it says that it is no read": async (session) =>
        session.all(write() as CompiledQuery, { readOnly: false }),
      batch: async (session) => session.batch({ query: write() as CompiledQuery }),
      "batch behind a read": async (session) => session.batch({ ids: ids(), query: write() as CompiledQuery }),
      forEach: async (session) => session.forEach(write() as CompiledQuery, () => {}),
    }

    it.each(Object.entries(terminals))("%s", async (_terminal, run) => {
      const where = {
        "on itself": () => run(readonly),
        "in a transaction": () => readonly.transaction((tx) => run(tx)),
        "in a savepoint": () => readonly.transaction((tx) => tx.savepoint((part) => run(part))),
        "on a connection": () => readonly.withConnection((session) => run(session)),
        "on a connection that has read": () =>
          readonly.withConnection(async (session) => {
            valueOf(await session.all(ids()))
            valueOf(await session.query("select 1"))
            return run(session)
          }),
        "in a transaction on a connection": () => readonly.withConnection((session) => session.atomic((tx) => run(tx))),
      }
      for (const [place, go] of Object.entries(where)) {
        expect(errorOf(await go()), place).toMatchObject(REFUSED)
      }
      expect(await shop.database.ask("select id from accounts order by id")).toEqual([{ id: 1 }, { id: 2 }, { id: 3 }])
      expect(valueOf(await readonly.all(ids()))).toHaveLength(3)
    })
  })

  it("says which command it was, and keeps the connection and the pool as they are", async () => {
    const before = db.snapshot().metrics
    const error = errorOf(await readonly.query("delete from accounts", [], { name: "clean up" }))
    expect(error.message).toContain("cannot execute DELETE in a read-only transaction")
    expect(error.query?.name).toBe("clean up")
    const after = db.snapshot().metrics
    expect(after.pool_resets).toBe(before.pool_resets)
    expect(after.reconnections).toBe(before.reconnections)
  })

  it.each([
    "delete from accounts; select 1",
    "commit; delete from accounts",
    "begin",
    "begin read write",
    "commit",
    "set transaction read write",
    "set transaction_read_only = off",
    "select set_config('transaction_read_only', 'off', true)",
    "set session characteristics as transaction read write",
    "discard all",
  ])("refuses a way around it before it is sent: %s", async (text) => {
    const asked = async (session: ReadonlySession<ShopDB>) => {
      const error = errorOf(await session.query(text))
      expect(error).toMatchObject({ kind: "refused", effect: "not_applied" })
      return ok(undefined)
    }
    await asked(readonly)
    valueOf(await readonly.transaction(asked))
    valueOf(await readonly.withConnection(asked))
    expect(errorOf(await readonly.batch({ ids: ids(), other: CompiledQuery.raw(text) }))).toMatchObject({
      kind: "refused",
    })
  })

  it("leaves the database itself able to write, on the same connections", async () => {
    const one = shop.open({ pool: { min: 0, max: 1 } })
    try {
      const never = one.readonly()
      valueOf(await never.withConnection((session) => session.query("set work_mem = '5MB'")))
      valueOf(await never.transaction((tx) => tx.all(ids())))
      expect(valueOf(await one.exec(one.deleteFrom("accounts")))).toEqual({ affected: 3n })
      expect(
        valueOf(await one.transaction((tx) => tx.exec(tx.insertInto("accounts").values({ id: 9, owner: "z" })))),
      ).toEqual({
        affected: 1n,
      })
    } finally {
      await one.close()
    }
  })

  it("has a transaction that sees the same twice, whatever others do", async () => {
    const twice = await readonly.transaction(
      async (tx) => {
        const first = valueOf(await tx.all(ids()))
        valueOf(await db.withConnection((other) => other.exec(db.deleteFrom("accounts"))))
        return ok([first.length, valueOf(await tx.all(ids())).length])
      },
      { isolation: "repeatable read" },
    )
    expect(valueOf(twice)).toEqual([3, 3])
    // @ts-expect-error it is read-only
    expect(errorOf(await readonly.transaction(async () => ok(1), { accessMode: "read write" }))).toMatchObject({
      kind: "refused",
    })
  })
})

describe("readOnly on a connection that is held", () => {
  it("is kept by the server, as elsewhere", async () => {
    const held = await db.withConnection(async (session) => {
      valueOf(await session.query("select 1"))
      return session.query("delete from accounts", [], { readOnly: true })
    })
    expect(errorOf(held)).toMatchObject(REFUSED)
    const settings = await db.withConnection(async (session) => {
      valueOf(await session.query("set statement_timeout = 12345"))
      return session.query("show statement_timeout", [], { readOnly: true })
    })
    expect(valueOf(settings).rows).toEqual([{ statement_timeout: "12345ms" }])
  })
})
