import { prepare, type Database, type QueryBuilders, type Session } from "@kysely-resilient/core"
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres"
import { err, ok } from "neverthrow"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

beforeAll(async () => {
  db = shop.open()
  await shop.database.ask("create sequence sent")
})

beforeEach(async () => {
  valueOf(await db.query("truncate accounts, transfers restart identity cascade"))
  valueOf(await db.query("alter sequence sent restart"))
  const accounts = [1, 2, 3].map((id) => ({ id, owner: `owner ${id}`, balance: id * 10 }))
  valueOf(await db.exec(db.insertInto("accounts").values(accounts)))
  const transfers = [
    { source: 1, target: 2, amount: 5 },
    { source: 1, target: 3, amount: 6 },
  ]
  valueOf(await db.exec(db.insertInto("transfers").values(transfers)))
})

afterAll(async () => {
  valueOf(await db.close({ drainMs: 1_000 }))
})

/** The same on every kind of session. */
const everywhere: readonly (readonly [string, <T>(work: (session: Session<ShopDB>) => Promise<T>) => Promise<T>])[] = [
  ["a database", (work) => work(db)],
  ["a transaction", async (work) => valueOf(await db.transaction(async (tx) => ok(await work(tx))))],
  [
    "a savepoint",
    async (work) =>
      valueOf(
        await db.transaction((tx) => tx.savepoint((part) => part.savepoint(async (inner) => ok(await work(inner))))),
      ),
  ],
  ["a pinned connection", async (work) => valueOf(await db.withConnection(async (session) => ok(await work(session))))],
  [
    "a transaction on a pinned connection",
    async (work) => valueOf(await db.withConnection((held) => held.atomic(async (tx) => ok(await work(tx))))),
  ],
]

describe.each(everywhere)("db.sql on %s", (_, on) => {
  it("runs with every terminal", async () => {
    await on(async (session) => {
      const above = (least: number) =>
        session.sql<{ id: number }>`select id from accounts where balance > ${least} order by id`
      expect(valueOf(await session.all(above(10)))).toEqual([{ id: 2 }, { id: 3 }])
      expect(valueOf(await session.one(above(20)))).toEqual({ id: 3 })
      expect(valueOf(await session.maybeOne(above(30)))).toBeUndefined()
      expect(valueOf(await session.first(above(0)))).toEqual({ id: 1 })
      expect(valueOf(await session.exists(above(20)))).toBe(true)
      expect(valueOf(await session.exists(above(30)))).toBe(false)
      expect(
        valueOf(await session.exec(session.sql`update accounts set balance = balance + ${1} where id < ${3}`)),
      ).toEqual({
        affected: 2n,
      })
      expect(valueOf(await session.batch({ one: above(29), two: above(20) }))).toEqual({
        one: [{ id: 3 }],
        two: [{ id: 2 }, { id: 3 }],
      })
      const streamed: number[] = []
      for await (const row of session.stream(above(0), { chunkSize: 1 })) streamed.push(valueOf(row).id)
      expect(streamed).toEqual([1, 2, 3])
      expect(valueOf(await session.forEach(above(0), () => {}))).toEqual({ rows: 3 })
    })
  })

  it("puts in names, references, literals, lists and other queries where they belong", async () => {
    await on(async (session) => {
      const { sql } = session
      const wanted = session.selectFrom("accounts").select("id").where("balance", ">=", 20)
      const rows = sql<{ owner: string; kind: string; sent: number }>`
        select ${sql.ref("a.owner")}, ${sql.lit("it's")} as kind, ${sql.ref("t.amount")}::int as sent
        from ${sql.table("accounts")} as a
        join ${sql.id("transfers")} as t on ${sql.ref("t.target")} = ${sql.ref("a.id")}
        where a.id in (${sql.join([1, 2, 3])}) and a.id in (${wanted}) and ${sql.raw("true")} and t.amount < ${sql.val(100)}
        order by a.id`
      expect(valueOf(await session.all(rows))).toEqual([
        { owner: "owner 2", kind: "it's", sent: 5 },
        { owner: "owner 3", kind: "it's", sent: 6 },
      ])
      const odd = 'a "b"; drop table accounts --'
      expect(valueOf(await session.one(sql`select ${odd}::text as ${sql.id(odd)}`))).toEqual({ [odd]: odd })
    })
  })

  it("is a part of what builders build", async () => {
    await on(async (session) => {
      const query = session
        .selectFrom("accounts")
        .select(session.sql<string>`upper(owner)`.as("loud"))
        .where(session.sql<boolean>`id = ${2}`)
      expect(valueOf(await session.one(query))).toEqual({ loud: "OWNER 2" })
    })
  })
})

describe.each(everywhere)("a helper that takes a session, on %s", (_, on) => {
  const pay = (session: Session<ShopDB>, source: number, target: number, amount: number) =>
    session.atomic(async (tx) => {
      const taken = await tx.exec(
        tx
          .updateTable("accounts")
          .set((eb) => ({ balance: eb("balance", "-", amount) }))
          .where("id", "=", source),
      )
      if (taken.isErr()) return taken
      const given = await tx.exec(
        tx
          .updateTable("accounts")
          .set((eb) => ({ balance: eb("balance", "+", amount) }))
          .where("id", "=", target),
      )
      if (given.isErr()) return given
      return given.value.affected === 1n ? ok("paid" as const) : err("nobody is there" as const)
    })

  it("does all of it or nothing", async () => {
    await on(async (session) => {
      expect(valueOf(await pay(session, 3, 1, 5))).toBe("paid")
      expect(errorOf(await pay(session, 3, 9, 5))).toBe("nobody is there")
      const balances = session.selectFrom("accounts").select("balance").orderBy("id")
      expect(valueOf(await session.all(balances))).toEqual([{ balance: 15 }, { balance: 20 }, { balance: 25 }])
    })
    expect(await shop.database.ask("select sum(balance)::int as n from accounts")).toEqual([{ n: 60 }])
  })

  it("may be a prepared query, too", async () => {
    const above = prepare("accounts.above", (q: QueryBuilders<ShopDB>, least: number, ids: readonly number[]) =>
      q.selectFrom("accounts").select("id").where("balance", ">", least).where("id", "in", ids).orderBy("id"),
    )
    await on(async (session) => {
      for (let use = 1; use <= 6; use += 1) {
        expect(valueOf(await session.all(above(use + 9, [1, 3])))).toEqual([{ id: 3 }])
        expect(valueOf(await session.all(above(0, [2])))).toEqual([{ id: 2 }])
      }
    })
  })
})

describe("what builders build", () => {
  it("recursive CTEs", async () => {
    const steps = db
      .withRecursive("steps(n)", (q) =>
        q
          .selectNoFrom((eb) => eb.lit(1).as("n"))
          .unionAll(
            q
              .selectFrom("steps")
              .where("n", "<", 4)
              .select((eb) => eb("n", "+", 1).as("n")),
          ),
      )
      .selectFrom("steps")
      .selectAll()
    expect(valueOf(await db.all(steps))).toEqual([{ n: 1 }, { n: 2 }, { n: 3 }, { n: 4 }])
  })

  it("writes below WITH, and their RETURNING", async () => {
    const moved = db
      .with("gone", (q) => q.deleteFrom("transfers").where("amount", "=", 5).returning(["target", "amount"]))
      .updateTable("accounts")
      .from("gone")
      .set((eb) => ({ balance: eb("balance", "-", eb.ref("gone.amount")) }))
      .whereRef("accounts.id", "=", "gone.target")
      .returning(["accounts.id", "accounts.balance"])
    expect(valueOf(await db.one(moved))).toEqual({ id: 2, balance: 15 })
  })

  it("what is only there sometimes", async () => {
    const accounts = (withBalance: boolean) =>
      db
        .selectFrom("accounts")
        .select("id")
        .$if(withBalance, (q) => q.select("balance"))
        .where("id", "=", 1)
    expect(valueOf(await db.one(accounts(true)))).toEqual({ id: 1, balance: 10 })
    expect(valueOf(await db.one(accounts(false)))).toEqual({ id: 1 })
  })

  it("rows in rows", async () => {
    const nested = db
      .selectFrom("accounts as a")
      .where("a.id", "<", 3)
      .orderBy("a.id")
      .select((eb) => [
        "a.id",
        jsonArrayFrom(
          eb.selectFrom("transfers").select(["amount", "target"]).whereRef("source", "=", "a.id").orderBy("amount"),
        ).as("sent"),
        jsonObjectFrom(eb.selectFrom("transfers").select("amount").whereRef("target", "=", "a.id")).as("got"),
        jsonBuildObject({ owner: eb.ref("a.owner") }).as("who"),
      ])
    expect(valueOf(await db.all(nested))).toEqual([
      {
        id: 1,
        sent: [
          { amount: 5, target: 2 },
          { amount: 6, target: 3 },
        ],
        got: null,
        who: { owner: "owner 1" },
      },
      { id: 2, sent: [], got: { amount: 5 }, who: { owner: "owner 2" } },
    ])
  })

  it("MERGE, counted and returning", async () => {
    const merge = () =>
      db
        .mergeInto("accounts as a")
        .using("transfers as t", "t.target", "a.id")
        .whenMatchedAnd("t.amount", ">", 5)
        .thenDelete()
        .whenMatched()
        .thenUpdateSet({ balance: 0 })
    if (Number.parseInt(valueOf(await db.ready()).serverVersion, 10) < 17) {
      expect(valueOf(await db.exec(merge()))).toEqual({ affected: 2n })
      return
    }
    expect(
      valueOf(
        await db.all(
          merge()
            .returning(["a.id", "a.balance"])
            .$call((q) => q),
        ),
      ),
    ).toEqual([
      { id: 2, balance: 0 },
      { id: 3, balance: 30 },
    ])
    expect(valueOf(await db.exec(merge()))).toEqual({ affected: 1n })
  })
})

describe("back-pressure", () => {
  /** A thousand rows, of which the server remembers how many it has made. */
  const rows = () => db.sql<{ n: number }>`select nextval('sent')::int as n from generate_series(1, 1000)`
  const made = async (): Promise<number> =>
    Number((await shop.database.ask("select last_value from sent"))[0]?.last_value)

  it("of a stream: nothing is made that nobody has asked for, and nothing after the loop is left", async () => {
    let seen = 0
    for await (const row of db.stream(rows(), { chunkSize: 10, readOnly: false })) {
      seen += 1
      expect(valueOf(row).n).toBe(seen)
      expect(await made()).toBe(Math.ceil(seen / 10) * 10)
      if (seen === 25) break
    }
    expect(await made()).toBe(30)
    expect(db.snapshot().pool.leased).toBe(0)
  })

  it("of forEach: a visitor that takes its time is waited for, and its Err ends the stream", async () => {
    let visiting = 0
    const visited = await db.forEach(
      rows(),
      async ({ n }) => {
        visiting += 1
        expect(visiting).toBe(1)
        expect(await made()).toBe(Math.ceil(n / 7) * 7)
        visiting -= 1
        return n === 15 ? err("enough" as const) : ok(undefined)
      },
      { chunkSize: 7, readOnly: false },
    )
    expect(errorOf(visited)).toBe("enough")
    expect(await made()).toBe(21)
    expect(db.snapshot().pool.leased).toBe(0)
  })
})
