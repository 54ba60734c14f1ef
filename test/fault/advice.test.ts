/** What `db.advise()` says of a real server in the state that each rule describes, and of one in which nothing is wrong. */
import { setTimeout as pause } from "node:timers/promises"

import type { Advice, Database, DatabaseOptions } from "@kysely-resilient/core"
import { afterServerHasCommit, beforeAnswer, cut, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import { err, ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../support/results.ts"
import { testShop, type ShopDB } from "../support/shop.ts"

const shop = testShop(import.meta.url)
let proxy: FaultProxy
let db: Database<ShopDB>
const opened: Database<ShopDB>[] = []

beforeAll(async () => {
  await shop.database.ask("insert into accounts (id, owner, balance) values (1, 'ann', 100), (2, 'bob', 100)")
  await shop.database.ask("create role narrow login password 'narrow' connection limit 1")
  proxy = await startFaultProxy({ target: shop.database.url })
})

beforeEach(() => {
  db = open()
})

afterEach(async () => {
  proxy.clearRules()
  proxy.refuse(false)
  for (const one of opened.splice(0)) valueOf(await one.close())
})

afterAll(async () => {
  await proxy.close()
  await shop.database.ask("drop role narrow")
})

function open(options: DatabaseOptions = {}): Database<ShopDB> {
  const one = shop.open({ connection: proxy.url(shop.database.url), ...options })
  opened.push(one)
  return one
}

const codes = (one = db): string[] => one.advise().map(({ code }) => code)

/** There may be others: what is wrong in one way is often wrong in two. */
function said(code: string, one = db): Advice {
  const advice = one.advise()
  expect(advice.map((each) => each.code)).toContain(code)
  const found = advice.find((each) => each.code === code)!
  // The report recommends it in the same words.
  const { severity, action, docs } = found
  const same = { code, severity, action, docs, since: new Date(found.since).toISOString() }
  expect(one.report().recommendations).toContainEqual(expect.objectContaining(same))
  return found
}

const times = <T>(count: number, run: (time: number) => PromiseLike<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, time) => run(time)))

const terminate = () =>
  shop.database.ask(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  )

describe("when nothing is wrong", () => {
  it("there is no advice, however busy it is, and the report says that all is well", async () => {
    await times(200, async () => valueOf(await db.all(db.selectFrom("accounts").selectAll())))
    await times(30, async () => errorOf(await db.transaction(async () => err("changed my mind"))))
    await times(30, async (time) => errorOf(await db.query(`select ${time} / 0`)))
    await times(3, async () => valueOf(await db.transaction(async (tx) => tx.query("select 1"))))
    expect(db.advise()).toEqual([])
    expect(db.report().recommendations).toEqual([
      { severity: "info", message: "All systems operating normally", action: "No action required" },
    ])
  })
})

describe("advice about connections", () => {
  it("HIGH_RECONNECTIONS: somebody ends sessions while the server runs on", async () => {
    for (let time = 0; time < 11; time += 1) {
      valueOf(await db.query("select 1"))
      await terminate()
    }
    valueOf(await db.query("select 1"))
    const advice = said("HIGH_RECONNECTIONS")
    expect(advice.evidence).toMatchObject({ reconnections: 11, losses: { "57P01 server_shutdown": 11 } })
    expect(advice.action).toMatch(/calls pg_terminate_backend/)
  })

  it("HIGH_RECONNECTIONS and LOW_SUCCESS_RATE: the network cuts them, and retries help", async () => {
    valueOf(await db.query("select 1"))
    expect(codes()).toEqual([])
    for (let time = 0; time < 12; time += 1) {
      proxy.rule({ when: beforeAnswer(/cut me/), do: cut() })
      valueOf(await db.query("select 'cut me'"))
    }
    const low = said("LOW_SUCCESS_RATE")
    expect(low).toMatchObject({ severity: "critical", evidence: { failures: expect.any(Object) } })
    expect(low.action).toMatch(/^They ended without a word from the server/)
    expect(said("HIGH_RECONNECTIONS").action).toMatch(/^They ended without a word from the server/)
  })

  it("RETRY_AMPLIFICATION: more retries than statements can bear", async () => {
    for (let time = 0; time < 11; time += 1) {
      proxy.rule({ when: beforeAnswer(/twice/), do: cut(), times: 2 })
      valueOf(await db.query("select 'twice'"))
    }
    expect(said("RETRY_AMPLIFICATION")).toMatchObject({ evidence: { retries: 22, statements: 11, retry_ratio: 2 } })
  })

  it("SERVER_UNREACHABLE and CIRCUIT_OPEN: nothing listens there", async () => {
    const impatient = open({ retry: { outageWaitMs: 100 }, circuit: { failuresMin: 2, afterMs: 200 } })
    valueOf(await impatient.query("select 1"))
    await proxy.stopListening()
    proxy.cutAll()
    try {
      const began = Date.now()
      const until = performance.now() + 4_000
      while (impatient.snapshot().circuit.state === "closed" && performance.now() < until) {
        errorOf(await impatient.query("select 1", [], { timeoutMs: 200 }))
      }
      const circuit = said("CIRCUIT_OPEN", impatient)
      expect(circuit).toMatchObject({ severity: "critical" })
      expect(circuit.action).toMatch(/Nothing listens there: start PostgreSQL/)
      const unreachable = said("SERVER_UNREACHABLE", impatient)
      expect(Math.abs(unreachable.since - began)).toBeLessThan(4 * 500)
    } finally {
      await proxy.listen()
    }
  })

  it("CONNECTIONS_REFUSED: the role may have no more, or its password is wrong", async () => {
    const url = new URL(shop.database.url)
    url.username = url.password = "narrow"
    const narrow = open({ connection: url.href, pool: { min: 0, max: 2 } })
    await times(2, () => narrow.query("select pg_sleep(0.05)", [], { timeoutMs: 300 }))
    const full = said("CONNECTIONS_REFUSED", narrow)
    expect(full).toMatchObject({
      severity: "warning",
      evidence: { refused: { "53300 too_many_connections": expect.any(Number) } },
    })
    expect(full.action).toMatch(/no connection left/)
    url.password = "wrong"
    const wrong = open({ connection: url.href })
    errorOf(await wrong.query("select 1"))
    const refused = said("CONNECTIONS_REFUSED", wrong)
    expect(refused).toMatchObject({ severity: "critical", evidence: { open: 0 } })
    expect(refused.action).toMatch(/refuses the user/)
  })
})

describe("advice about transactions", () => {
  it("ORPHANED_TRANSACTIONS and HIGH_ROLLBACKS: raw BEGIN that nobody ends", async () => {
    const orphan = async () => valueOf(await db.withConnection((session) => session.query("begin")))
    await orphan()
    expect(codes()).toEqual(["ORPHANED_TRANSACTIONS"])
    for (let time = 1; time < 20; time += 1) await orphan()
    expect(codes()).toEqual(["ORPHANED_TRANSACTIONS"])
    await orphan()
    expect(said("HIGH_ROLLBACKS")).toMatchObject({ evidence: { rollbacks: 21, reasons: { orphan: 21 } } })
    expect(said("HIGH_ROLLBACKS").action).toMatch(/^Raw BEGIN is left open[^.]*db\.transaction[^.]*$/)
  })

  it("HELD_TOO_LONG: a callback that waits for something else", async () => {
    const watched = open({ timeouts: { heldTooLongMs: 20 } })
    valueOf(
      await watched.transaction(
        async (tx) => {
          await tx.query("select 1")
          await pause(80)
          return ok(undefined)
        },
        { name: "report" },
      ),
    )
    expect(said("HELD_TOO_LONG", watched)).toMatchObject({ evidence: { held: 1, resting: 1 } })
  })

  it("POOL_USED_INSIDE: db where tx is meant", async () => {
    valueOf(
      await db.transaction(async (tx) =>
        (await tx.query("select 1")).andThen(() => ok(1)).isOk() ? db.query("select 2") : ok(0),
      ),
    )
    expect(said("POOL_USED_INSIDE")).toMatchObject({ severity: "warning", evidence: { times: 1 } })
  })

  it("CONFLICTS: locks that are not to be had", async () => {
    await db.transaction(async (tx) => {
      valueOf(await tx.query("select 1 from accounts where id = 1 for update"))
      const locked = "select 1 from accounts where id = 1 for update nowait"
      const other = open({ pool: { min: 0, max: 1 }, retry: false })
      for (let time = 0; time < 21; time += 1) errorOf(await other.query(locked))
      expect(said("CONFLICTS", other)).toMatchObject({ evidence: { conflicts: { "55P03 lock_not_available": 21 } } })
      expect(said("CONFLICTS", other).action).toMatch(/Find out who holds the locks/)
      return ok(undefined)
    })
  })

  it("UNRESOLVED_EFFECTS: a COMMIT that nobody can ask about", async () => {
    const alone = open({ timeouts: { connectMs: 300, cancelMs: 300 }, retry: { outageWaitMs: 100 } })
    valueOf(await alone.query("select 1"))
    const lost = proxy.rule({ when: afterServerHasCommit, do: cut({ side: "client" }) })
    proxy.refuse(true)
    const moved = await alone.transaction(
      async (tx) => tx.query("update accounts set balance = balance + 1 where id = 2"),
      {
        timeoutMs: 400,
      },
    )
    expect(lost.hits).toBe(1)
    expect(errorOf(moved)).toMatchObject({ effect: "unknown" })
    expect(said("UNRESOLVED_EFFECTS", alone)).toMatchObject({ evidence: { told_unknown: 1 } })
    proxy.refuse(false)
  })
})

describe("advice about load", () => {
  const crowded = () => open({ pool: { min: 0, max: 1, acquireTimeoutMs: 250 } })

  it("POOL_EXHAUSTED: too many at once for too few connections", async () => {
    const small = crowded()
    valueOf(await small.query("select 1"))
    const [first] = await Promise.all([
      small.query("select pg_sleep(0.7)"),
      times(3, async () => errorOf(await small.query("select 1"))),
    ])
    valueOf(first)
    const advice = said("POOL_EXHAUSTED", small)
    expect(advice).toMatchObject({ severity: "critical", evidence: { refused: { pool_timeout: 3 }, pool: { max: 1 } } })
  })

  it("POOL_WAIT: all are served, and many of them late", async () => {
    const small = open({ pool: { min: 0, max: 1 } })
    valueOf(await small.query("select 1"))
    expect(codes(small)).toEqual([])
    // Whoever shows it looks every second; it has to last for three looks.
    for (let second = 0; second < 10 && !codes(small).includes("POOL_WAIT"); second += 1) {
      await times(30, async () => valueOf(await small.query("select pg_sleep(0.012)")))
      await pause(600)
    }
    expect(said("POOL_WAIT", small)).toMatchObject({ severity: "warning", evidence: { pool_max: 1 } })
  })

  it("POOL_EXHAUSTED: everybody waits for everybody", async () => {
    const small = open({ pool: { min: 0, max: 1 } })
    const inner = await small.transaction(async (tx) => (valueOf(await tx.query("select 1")), small.query("select 2")))
    expect(errorOf(inner)).toMatchObject({ kind: "pool_deadlock" })
    expect(said("POOL_EXHAUSTED", small).action).toMatch(/^Use tx, not db/)
  })

  it("TIMEOUTS and SLOW_QUERIES: statements that are stopped, and such that take their time", async () => {
    const wide = open({ pool: { min: 0, max: 9 } })
    const [, slow] = await Promise.all([
      times(6, async () => errorOf(await wide.query("select pg_sleep(9)", [], { timeoutMs: 700 }))),
      times(3, () => wide.query("select pg_sleep(1.1), 'private'", [])),
    ])
    for (const one of slow) valueOf(one)
    expect(said("TIMEOUTS", wide)).toMatchObject({
      evidence: { time_outs: 6, slowest: [{ what: "select pg_sleep(?)" }] },
    })
    expect(said("SLOW_QUERIES", wide)).toMatchObject({
      severity: "info",
      evidence: { slow: 3, statements: [{ what: "select pg_sleep(?), ?", count: 3 }] },
    })
    expect(JSON.stringify(wide.report())).not.toContain("private")
  })
})

describe("advice about this process", () => {
  it("OBSERVER_THROWS and TROUBLE_ON_PURPOSE", async () => {
    const odd = open({
      observer: () => {
        throw new Error("nobody hears this")
      },
      buggify: { seed: 7, probability: 1, kinds: ["slow-answer"], slowMs: 1 },
    })
    valueOf(await odd.query("select 1"))
    expect(codes(odd)).toEqual(["OBSERVER_THROWS", "TROUBLE_ON_PURPOSE"])
  })
})
