import type { Database, Session } from "@kysely-resilient/core"
import { err, ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>
let other: Database<ShopDB>
let reruns = 0

beforeAll(() => {
  db = shop.open({
    pool: { min: 0, max: 8 },
    observer: ({ name }) => void (reruns += name === "transaction.rerun" ? 1 : 0),
  })
  // Sees what was there when it began, unless it is told otherwise.
  other = shop.open({
    onConnect: async (connection) =>
      void (await connection.query("set default_transaction_isolation = 'repeatable read'")),
  })
})

beforeEach(async () => {
  valueOf(await db.query("truncate accounts, transfers restart identity cascade"))
  valueOf(await db.exec(db.insertInto("accounts").values({ id: 1, owner: "a", balance: 0 })))
})

afterEach(async () => {
  expect(
    await shop.database.ask(
      "select * from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
    ),
  ).toEqual([])
  expect(db.snapshot().pool).toMatchObject({ leased: 0 })
})

afterAll(async () => {
  await other.close()
  valueOf(await db.close({ drainMs: 1_000 }))
})

/** Adds one, and would lose some of what others add if it did not do so alone. */
const increment = (session: Session<ShopDB>, key: string | bigint = "counter") =>
  session.withAdvisoryLock(key, async (tx) => {
    const found = await tx.one(tx.selectFrom("accounts").select("balance").where("id", "=", 1))
    if (found.isErr()) return found
    await new Promise((resolve) => setImmediate(resolve))
    return tx.exec(
      tx
        .updateTable("accounts")
        .set({ balance: found.value.balance + 1 })
        .where("id", "=", 1),
    )
  })

const balance = async () =>
  valueOf(await db.one(db.selectFrom("accounts").select("balance").where("id", "=", 1))).balance

/** Somebody else has the lock, from when this answers until `free` is called. */
async function taken(sql: string) {
  const client = await shop.database.connect()
  await client.query(`begin; select pg_advisory_xact_lock(${sql})`)
  return { free: () => client.query("commit") }
}

describe("withAdvisoryLock", () => {
  it("lets one at a time in, of whatever database and session, who sees what the one before has done", async () => {
    const sessions = Array.from({ length: 20 }, (_, turn) => {
      if (turn % 4 === 1) return other.atomic((tx) => tx.withAdvisoryLock("counter", async () => ok(undefined)))
      if (turn % 4 === 2) return db.withConnection((session) => increment(session))
      return increment(turn % 4 === 3 ? other : db)
    })
    for (const each of await Promise.all(sessions)) valueOf(each)
    expect(await balance()).toBe(15)
  })

  it.each([
    ["reports", "hashtextextended('reports', 0)"],
    ["it's; drop", "hashtextextended('it''s; drop', 0)"],
    ["", "hashtextextended('', 0)"],
    [7n, "7"],
    [-(2n ** 63n), "-9223372036854775808"],
  ])("takes the lock that others take by SQL: %s", async (key, sql) => {
    const { free } = await taken(sql)
    const run = async () => ok("ran")
    expect(valueOf(await db.withAdvisoryLock(key, run, { wait: false }))).toEqual({ locked: false })
    expect(valueOf(await db.withAdvisoryLock(`${key} other`, run, { wait: false }))).toEqual({
      locked: true,
      value: "ran",
    })
    const waiting = db.withAdvisoryLock(key, run)
    await free()
    expect(valueOf(await waiting)).toBe("ran")
    expect(valueOf(await db.withAdvisoryLock(key, run, { wait: false }))).toEqual({ locked: true, value: "ran" })
  })

  it("waits no longer than it was told, once, and runs nothing then", async () => {
    const { free } = await taken("1")
    let runs = 0
    const before = reruns
    const startedAt = performance.now()
    const late = await db.withAdvisoryLock(1n, async () => ok((runs += 1)), { lockTimeoutMs: 150, name: "alone" })
    const tookMs = performance.now() - startedAt
    expect(errorOf(late)).toMatchObject({ kind: "lock_timeout", effect: "not_applied" })
    expect(runs).toBe(0)
    expect(tookMs).toBeGreaterThanOrEqual(145)
    expect(tookMs).toBeLessThan(600)
    expect(reruns).toBe(before)
    await free()
  })

  it("limits the wait for the lock alone", async () => {
    const limits = await db.transaction(
      async (tx) => {
        const inside = await tx.withAdvisoryLock("a", (part) => part.query("show lock_timeout"), { lockTimeoutMs: 50 })
        return ok([valueOf(inside).rows, valueOf(await tx.query("show lock_timeout")).rows])
      },
      { lockTimeoutMs: 12_345 },
    )
    expect(valueOf(limits).flat()).toEqual([{ lock_timeout: "12345ms" }, { lock_timeout: "12345ms" }])
    const alone = await db.withAdvisoryLock("a", (tx) => tx.query("show lock_timeout"), { lockTimeoutMs: 50 })
    expect(valueOf(alone).rows).toEqual([{ lock_timeout: "0" }])
  })

  it("in a transaction: one that is not to be had leaves it as it was", async () => {
    const { free } = await taken("2")
    const kept = await db.transaction(async (tx) => {
      valueOf(await tx.exec(tx.updateTable("accounts").set({ balance: 5 })))
      const late = await tx.withAdvisoryLock(2n, async () => ok("ran"), { lockTimeoutMs: 50 })
      expect(errorOf(late)).toMatchObject({ kind: "lock_timeout" })
      expect(valueOf(await tx.withAdvisoryLock(2n, async () => ok("ran"), { wait: false }))).toEqual({ locked: false })
      return ok("kept")
    })
    expect(valueOf(kept)).toBe("kept")
    expect(await balance()).toBe(5)
    await free()
  })

  it("frees the lock when the callback fails, throws, or is too late, and undoes it all", async () => {
    const write = (tx: Session<ShopDB>) => tx.exec(tx.updateTable("accounts").set({ balance: 9 }))
    const failed = await db.withAdvisoryLock("f", async (tx) => ((await write(tx)).isOk() ? err("no" as const) : ok(1)))
    expect(errorOf(failed)).toBe("no")
    const threw = await db.withAdvisoryLock("f", async (tx): Promise<ReturnType<typeof ok>> => {
      valueOf(await write(tx))
      throw new Error("oops")
    })
    expect(errorOf(threw)).toMatchObject({ kind: "callback_threw" })
    const endless = async (tx: Session<ShopDB>) => {
      valueOf(await write(tx))
      return new Promise<ReturnType<typeof ok>>(() => {})
    }
    const late = await db.withAdvisoryLock("f", endless, { timeoutMs: 100 })
    expect(errorOf(late)).toMatchObject({ kind: "transaction_timeout" })
    expect(valueOf(await db.withAdvisoryLock("f", async () => ok(1), { lockTimeoutMs: 4_000 }))).toBe(1)
    expect(await balance()).toBe(0)
  })

  it("runs again, with the lock, after a lost connection", async () => {
    let runs = 0
    const answer = await db.withAdvisoryLock("again", async (tx) => {
      runs += 1
      const pid = valueOf(await tx.query<{ pid: number }>("select pg_backend_pid() as pid")).rows[0]?.pid
      if (runs === 1) await shop.database.ask("select pg_terminate_backend($1)", [pid])
      const written = await tx.exec(tx.updateTable("accounts").set({ balance: runs }))
      expect(
        await shop.database.ask(
          "select pid from pg_locks where locktype = 'advisory' and granted and database = (select oid from pg_database where datname = current_database())",
        ),
      ).toHaveLength(written.isOk() ? 1 : 0)
      return written
    })
    expect(valueOf(answer)).toEqual({ affected: 1n })
    expect(await balance()).toBe(2)
  })

  it.each([
    [7, {}],
    [2n ** 63n, {}],
    [null, {}],
    ["k", { lockTimeoutMs: 0 }],
    ["k", { lockTimeoutMs: 2 ** 31 }],
    ["k", { wait: "no" }],
    ["k", { wait: false, lockTimeoutMs: 5 }],
    ["k", { timeoutMs: -1 }],
  ])("refuses what cannot be right: %s %j", async (key, options) => {
    const refused = await db.withAdvisoryLock(key as string, async () => ok(1), options as never)
    expect(errorOf(refused)).toMatchObject({ kind: "refused", effect: "not_applied" })
  })
})
