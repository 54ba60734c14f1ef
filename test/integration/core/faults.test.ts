import type { Database } from "@kysely-resilient/core"
import {
  afterRows,
  afterServerHasCommit,
  beforeAnswer,
  beforeCommitReachesServer,
  cut,
  startFaultProxy,
  type FaultProxy,
} from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let proxy: FaultProxy
let db: Database<ShopDB>

beforeAll(async () => {
  const { hostname, port } = new URL(shop.database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

beforeEach(async () => {
  await shop.database.ask("truncate accounts, transfers cascade")
  db = shop.open({
    connection: proxy.url(shop.database.url),
    timeouts: { connectMs: 500, cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 } },
  })
})

afterEach(async () => {
  proxy.clearRules()
  expect(db.snapshot().pool.leased).toBe(0)
  valueOf(await db.query("select 1"))
  valueOf(await db.close())
})

afterAll(async () => {
  await proxy.close()
})

const owners = async () => (await shop.database.ask("select owner from accounts order by id")).map(({ owner }) => owner)

/** Opens an account in a transaction, and says how often its callback ran and what was done after COMMIT. */
async function openAccount() {
  let runs = 0
  const mails: string[] = []
  const result = await db.transaction(async (tx) => {
    runs += 1
    tx.afterCommit(() => mails.push("welcome"))
    return tx.exec(tx.insertInto("accounts").values({ id: 1, owner: "ann" }))
  })
  return { result, runs, mails }
}

describe("COMMIT", () => {
  it.each([
    [
      "before it reaches the server is found out not to be applied, and the callback runs again",
      beforeCommitReachesServer,
      2,
    ],
    ["after the server has done it is found out to be applied, and is all that was wanted", afterServerHasCommit, 1],
  ])("cut %s", async (_, when, runsNeeded) => {
    proxy.rule({ when, do: cut() })
    const { result, runs, mails } = await openAccount()
    valueOf(result)
    expect([runs, mails]).toEqual([runsNeeded, ["welcome"]])
    expect(await owners()).toEqual(["ann"])
  })

  it.each([
    ["before it reaches the server", beforeCommitReachesServer, []],
    ["after the server has done it", afterServerHasCommit, ["ann"]],
  ])(
    "cut %s, if nobody may find out: the callback is not run again, and nothing is done after COMMIT",
    async (_, when, inDatabase) => {
      await db.close()
      db = shop.open({ connection: proxy.url(shop.database.url), resolution: "off" })
      proxy.rule({ when, do: cut() })
      const { result, runs, mails } = await openAccount()
      expect(errorOf(result)).toMatchObject({ effect: "unknown", category: "availability", because: "effect-unknown" })
      expect([runs, mails]).toEqual([1, []])
      expect(await owners()).toEqual(inDatabase)
    },
  )
})

describe("a transaction", () => {
  it.each([
    ["BEGIN", /^begin/],
    ["a statement", /insert/],
  ])("whose %s is cut is done once in the end", async (_, sql) => {
    const handle = proxy.rule({ when: beforeAnswer(sql), do: cut() })
    const { result, mails } = await openAccount()
    valueOf(result)
    expect(handle.hits).toBe(1)
    expect(mails).toEqual(["welcome"])
    expect(await owners()).toEqual(["ann"])
  })

  it("that waits for itself on a pool of one ends at once, with an Err that says so", async () => {
    const small = shop.open({ pool: { min: 0, max: 1 }, retry: false })
    const result = await small.transaction(async (tx) => {
      await tx.query("select 1")
      return small.query("select 2")
    })
    expect(errorOf(result)).toMatchObject({ kind: "pool_deadlock", effect: "not_applied" })
    valueOf(await small.close())
  })
})

describe("an autocommit write", () => {
  it("whose answer is lost is done once in the end", async () => {
    const rule = proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    expect(valueOf(await db.exec(db.insertInto("accounts").values({ id: 1, owner: "ann" })))).toEqual({ affected: 1n })
    expect(rule.hits).toBe(1)
    expect(await owners()).toEqual(["ann"])
  })

  it("whose answer is lost, and whose round trip was not wanted, is of unknown effect, and done once", async () => {
    await db.close()
    db = shop.open({ connection: proxy.url(shop.database.url), resolveAutocommit: false })
    proxy.rule({ when: beforeAnswer(/insert/), do: cut() })
    const error = errorOf(await db.exec(db.insertInto("accounts").values({ id: 1, owner: "ann" })))
    expect(error).toMatchObject({ effect: "unknown", because: "effect-unknown", attempts: 1 })
    expect(error.message).toContain("It is not known whether")
    expect(await owners()).toEqual(["ann"])
  })

  it("whose answer is lost is done again, known or not, if its caller vouches for that", async () => {
    valueOf(await db.exec(db.insertInto("accounts").values({ id: 1, owner: "ann" })))
    proxy.rule({ when: beforeAnswer(/transfers/), do: cut() })
    const transfer = db.insertInto("transfers").values({ source: 1, target: 2, amount: 5 })
    expect(valueOf(await db.exec(transfer, { idempotent: true }))).toEqual({ affected: 1n })
    expect(await shop.database.ask("select amount from transfers")).toEqual([{ amount: 5 }, { amount: 5 }])
  })
})

describe("a read", () => {
  it.each([
    ["built", () => db.selectFrom("accounts").selectAll()],
    ["raw", () => db.sql`select * from accounts`],
  ])("that is %s is read again after its answer was lost", async (_, query) => {
    proxy.rule({ when: beforeAnswer(/accounts/), do: cut() })
    expect(valueOf(await db.all(query()))).toEqual([])
  })

  it("by db.exists is repeated too", async () => {
    proxy.rule({ when: beforeAnswer(/exists/), do: cut() })
    expect(valueOf(await db.exists(db.selectFrom("accounts").selectAll()))).toBe(false)
  })
})

describe("a stream", () => {
  it("cut after rows were delivered gives those rows, then one Err, then ends", async () => {
    proxy.rule({ when: afterRows(50, /generate_series/), skip: 1, do: cut() })
    const seen: string[] = []
    for await (const row of db.stream(db.sql`select generate_series(1, 1000) as n`, { chunkSize: 100 })) {
      seen.push(row.isOk() ? "row" : row.error.category)
    }
    expect(seen).toHaveLength(101)
    expect(seen.at(-1)).toBe("availability")
  })
})
