/** A server, a network and an application that behave badly: what `pg.Pool` makes of it, and ours. */
import { setTimeout as pause } from "node:timers/promises"

import type { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import { serverFaults, stall, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { runScript } from "../../support/script.ts"
import { byHand, expectCalmPool, plainPool, resilientPool, told } from "./poolside.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let proxy: FaultProxy
let pool: ResilientPool

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(async () => {
  await database.ask("truncate notes")
  pool = resilientPool(proxy.url(database.url))
})

afterEach(async () => {
  proxy.clearRules()
  proxy.refuse(false)
  proxy.resumeAll()
  await expectCalmPool(pool, database)
  await pool.end()
})

const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])

const OTHERS = "datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend'"
const terminateAll = async (): Promise<void> => {
  await database.ask(`select pg_terminate_backend(pid) from pg_stat_activity where ${OTHERS}`)
}

/** Fills its pool: so many clients at once, all of them given back. */
async function warm(any: pg.Pool): Promise<void> {
  const clients = await Promise.all([any.connect(), any.connect(), any.connect()])
  for (const client of clients) client.release()
}

describe("nobody listens to errors", () => {
  const script = (make: string, act: string): Promise<{ code: number | null; output: string }> =>
    runScript(
      `import pg from "pg"
       import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
       const pool = ${make}
       const pause = (ms) => new Promise((resolve) => setTimeout(resolve, ms))
       const admin = new pg.Client(process.env.URL)
       await admin.connect()
       const kill = (pid) => admin.query("select pg_terminate_backend($1)", [pid])
       ${act}
       await pause(100)
       console.log((await pool.query("select 'alive' as state")).rows[0].state)
       process.exit(0)`,
      { URL: database.url },
    )
  const PLAIN = "new pg.Pool({ connectionString: process.env.URL })"
  const OURS = "new ResilientPool({ connectionString: process.env.URL })"
  const idle = `await kill((await pool.query("select pg_backend_pid() as pid")).rows[0].pid)`
  const held = `
    const client = await pool.connect()
    await client.query("begin")
    await kill((await client.query("select pg_backend_pid() as pid")).rows[0].pid)
    await pause(50)
    await client.query("commit").catch((error) => console.log(error.message))
    client.release()`

  it.each([
    ["at rest", idle],
    ["that is held", held],
  ])("a connection %s is terminated: pg.Pool ends the process, ours does not", async (_, act) => {
    const plain = await script(PLAIN, act)
    expect(plain.code).not.toBe(0)
    expect(plain.output).not.toContain("alive")
    const ours = await script(OURS, act)
    expect(ours).toMatchObject({ code: 0, output: expect.stringMatching(/alive\n$/) })
  })

  it("a listener that throws is the program's affair, and costs nobody an answer", async () => {
    const ended = await runScript(
      `import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
       const pool = new ResilientPool({ connectionString: process.env.URL, max: 1 })
       const thrown = []
       process.on("uncaughtException", (error) => thrown.push(error.message))
       for (const event of ["acquire", "release", "remove"]) pool.on(event, () => { throw new Error(event) })
       pool.on("connect", (client) => client.on("notice", () => { throw new Error("notice") }))
       await pool.query("do $$ begin raise notice 'heard'; end $$")
       console.log((await pool.query("select 1 as one")).rows[0].one)
       await pool.end()
       await new Promise((resolve) => setImmediate(resolve))
       console.log(thrown.join(" "), pool.totalCount)`,
      { URL: database.url },
    )
    expect(ended).toMatchObject({ code: 0, output: "1\nacquire notice release acquire release remove 0\n" })
  })

  it("ends by itself when there is nothing more to do, without end()", async () => {
    const ended = await runScript(
      `import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
       const pool = new ResilientPool({ connectionString: process.env.URL, idleTimeoutMillis: 600_000 })
       console.log((await pool.query("select 1 as one")).rows[0].one)`,
      { URL: database.url },
    )
    expect(ended).toMatchObject({ code: 0, output: "1\n" })
  })
})

describe("all connections are terminated at rest", () => {
  it("in the middle of a transaction: whoever runs it again sees by the code that he may", async () => {
    const client = await pool.connect()
    await client.query("begin")
    await client.query("select 1")
    await terminateAll()
    await vi.waitFor(() => expect(client.getTransactionStatus()).toBe("I"), 2_000)
    expect(await told(client.query("select 2"))).toMatchObject({ ok: false, code: "57P01", effect: "not_applied" })
    await client.query("rollback")
    client.release()
  })

  it("nobody notices: reads, writes and transactions by hand", async () => {
    await warm(pool)
    await terminateAll()
    const all = await Promise.all([
      told(pool.query("select 1")),
      told(pool.query("insert into notes values ('lone')")),
      told(byHand(pool, "insert into notes values ('by hand')")),
    ])
    expect(all).toEqual([{ ok: true }, { ok: true }, { ok: true }])
    expect(await notes()).toEqual(["by hand", "lone"])
  })

  it("nobody notices even if the news has not come yet", async () => {
    await warm(pool)
    proxy.stallAll("toClient")
    await terminateAll()
    const answer = told(byHand(pool, "insert into notes values ('a')"))
    await pause(20)
    proxy.resumeAll()
    expect(await answer).toEqual({ ok: true })
    expect(await notes()).toEqual(["a"])
  })
})

describe("the network swallows the connections", () => {
  it("pg.Pool waits for ever; ours finds out and reads elsewhere", async () => {
    const plain = plainPool(proxy.url(database.url))
    await warm(plain)
    await warm(pool)
    // Those that there are, and no others.
    for (let nth = proxy.accepted - 5; nth <= proxy.accepted; nth += 1) {
      proxy.rule({ when: { from: "client", message: ["Query", "Parse", "Sync"] }, do: stall(), connection: nth })
    }
    const lost = plain.query("select 1").then(
      () => "answered",
      () => "failed",
    )
    expect((await pool.query("select 2 as two")).rows).toEqual([{ two: 2 }])
    expect(await Promise.race([lost, pause(2_000, "nothing yet")])).toBe("nothing yet")
    expect(await told(pool.query("insert into notes values ('a')"))).toEqual({ ok: true })
    proxy.cutAll()
    await plain.end()
    expect(await notes()).toEqual(["a"])
  })

  it("query_timeout spoils no connection", async () => {
    const impatient = resilientPool(proxy.url(database.url), { max: 1 })
    const before = (await impatient.query("select pg_backend_pid() as pid")).rows
    const slow = { text: "select pg_sleep(10)", query_timeout: 100 }
    expect(await told(impatient.query(slow))).toMatchObject({ message: "Query read timeout" })
    expect((await impatient.query("select pg_backend_pid() as pid")).rows).toEqual(before)
    const left = await database.ask(
      `select query from pg_stat_activity where ${OTHERS} and query like '%pg_sleep(10)%' and state = 'active'`,
    )
    expect(left).toEqual([])
    await impatient.end()
  })
})

describe("the server is away for a while", () => {
  it("callers wait for it, and pg.Pool's are turned away", async () => {
    const plain = plainPool(proxy.url(database.url))
    proxy.refuse(true)
    proxy.cutAll()
    const ours = told(pool.query("select 1"))
    expect(await told(plain.query("select 1"))).toMatchObject({ ok: false })
    await pause(300)
    proxy.refuse(false)
    expect(await ours).toEqual({ ok: true })
    await plain.end()
  })

  it("callers are told the socket's own error when it takes too long", async () => {
    const hasty = resilientPool("postgres://u:p@127.0.0.1:1/d", { resilience: { retry: { outageWaitMs: 100 } } })
    expect(await told(hasty.query("select 1"))).toMatchObject({ ok: false, code: "ECONNREFUSED", effect: undefined })
    await hasty.end()
  })
})

it("a query that fails costs a connection with pg.Pool, and none here", async () => {
  const pidOf = async (any: pg.Pool): Promise<unknown> => (await any.query("select pg_backend_pid() as pid")).rows
  const stays = async (any: pg.Pool): Promise<boolean> => {
    const before = await pidOf(any)
    await told(any.query("select bogus"))
    return JSON.stringify(await pidOf(any)) === JSON.stringify(before)
  }
  const plain = plainPool(database.url)
  expect([await stays(plain), await stays(pool)]).toEqual([false, true])
  await plain.end()
})

/** A reset that takes too long closes the connection. */
const UNHURRIED = { max: 1, resilience: { timeouts: { cancelMs: 10_000 } } }

describe("what is left in a session by who had it", () => {
  const leavings: readonly (readonly [string, string, string, unknown])[] = [
    ["a setting", "set search_path = pg_catalog", "show search_path", { search_path: '"$user", public' }],
    [
      "a temporary table",
      "create temp table mine (x int)",
      "select to_regclass('mine')::text as found",
      { found: null },
    ],
    ["a channel", "listen news", "select count(*)::int as count from pg_listening_channels()", { count: 0 }],
    [
      "a prepared statement",
      "prepare p as select 1",
      "select count(*)::int as count from pg_prepared_statements where name = 'p'",
      { count: 0 },
    ],
    [
      "an advisory lock",
      "select pg_advisory_lock(7)",
      "select count(*)::int as count from pg_locks where locktype = 'advisory' and database = (select oid from pg_database where datname = current_database())",
      { count: 0 },
    ],
  ]

  it.each(leavings)("%s is gone", async (_, leave, ask, expected) => {
    const one = resilientPool(database.url, { max: 1 })
    const client = await one.connect()
    await client.query(leave)
    client.release()
    expect((await one.query(ask)).rows).toEqual([expected])
    await one.query(leave)
    expect((await one.query(ask)).rows).toEqual([expected])
    await one.end()
  })

  it.each([
    ["rollback", []],
    ["commit", ["open"]],
    ["discard", []],
  ] as const)("a transaction is ended, by %s", async (orphanedTransaction, found) => {
    const one = resilientPool(database.url, { max: 1, resilience: { orphanedTransaction } })
    const client = await one.connect()
    await client.query("begin")
    await client.query("insert into notes values ('open')")
    client.release()
    expect((await one.query("select pg_current_xact_id_if_assigned() as xid")).rows).toEqual([{ xid: null }])
    expect(await notes()).toEqual(found)
    await one.end()
  })

  it("a transaction in which something failed is rolled back whatever is wished", async () => {
    const one = resilientPool(database.url, { max: 1, resilience: { orphanedTransaction: "commit" } })
    const client = await one.connect()
    await client.query("begin")
    await client.query("insert into notes values ('open')")
    await client.query("savepoint s")
    await told(client.query("select bogus"))
    await client.query("rollback to s")
    client.release()
    expect((await one.query("select count(*)::int as count from notes")).rows).toEqual([{ count: 0 }])
    await one.end()
  })

  it("BEGIN through the pool leaves nothing open", async () => {
    const one = resilientPool(database.url, { max: 1 })
    await one.query("begin")
    await one.query("insert into notes values ('a')")
    expect((await one.query("commit")).command).toBe("COMMIT")
    expect(await notes()).toEqual(["a"])
    await one.end()
  })

  it("what a listener of connect has set is set again, and connect is told once", async () => {
    const one = resilientPool(database.url, UNHURRIED)
    let connected = 0
    one.on("connect", (client: pg.PoolClient) => {
      connected += 1
      void client.query("set search_path = pg_catalog").then(() => client.query("set lock_timeout = '7s'"))
    })
    await one.query("set search_path = public")
    const { rows } = await one.query(
      "select current_setting('search_path') as path, current_setting('lock_timeout') as wait",
    )
    expect(rows).toEqual([{ path: "pg_catalog", wait: "7s" }])
    expect(connected).toBe(1)
    await one.end()
  })

  it("parsers of types of a client's own are gone", async () => {
    const one = resilientPool(database.url, { max: 1 })
    const client = await one.connect()
    client.setTypeParser(pg.types.builtins.INT4, () => "mine")
    expect((await client.query("select 1 as one")).rows).toEqual([{ one: "mine" }])
    client.release()
    const again = await one.connect()
    expect((await again.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    again.release()
    await one.end()
  })

  it("named statements work on, whatever became of them, on the same connection", async () => {
    let connected = 0
    const one = resilientPool(database.url, UNHURRIED)
    one.on("connect", () => (connected += 1))
    const named = (): Promise<pg.QueryResult> => one.query({ name: "n", text: "select 1 as one" })
    await named()
    await one.query("deallocate all")
    expect((await named()).rows).toEqual([{ one: 1 }])
    await one.query("set search_path = pg_catalog")
    expect((await named()).rows).toEqual([{ one: 1 }])
    const client = await one.connect()
    await client.query("deallocate all")
    expect((await client.query({ name: "n", text: "select 1 as one" })).rows).toEqual([{ one: 1 }])
    client.release()
    expect(connected).toBe(1)
    await one.end()
  })

  it("a statement that still runs is stopped", async () => {
    const one = resilientPool(database.url, { max: 1 })
    const client = await one.connect()
    const running = told(client.query("select pg_sleep(10)"))
    client.release()
    expect((await one.query("select 1 as one")).rows).toEqual([{ one: 1 }])
    expect(await running).toMatchObject({ ok: false })
    await one.end()
  })

  it("a client that was released runs nothing more", async () => {
    const client = await pool.connect()
    client.release()
    expect(await told(client.query("insert into notes values ('late')"))).toMatchObject({
      message: expect.stringContaining("was released to the pool"),
    })
    expect(await notes()).toEqual([])
  })
})

describe("end", () => {
  it("waits for what runs, and serves who stood in line already; with pg.Pool they wait for ever", async () => {
    const one = resilientPool(database.url, { max: 1 })
    const slow = told(one.query("select pg_sleep(0.3)"))
    const next = told(one.query("insert into notes values ('a')"))
    await one.end()
    expect(await Promise.all([slow, next])).toEqual([{ ok: true }, { ok: true }])
    expect(await notes()).toEqual(["a"])
  })
})

describe("sessions are terminated at random, under load", () => {
  /** What callers were told against what is there. */
  async function storm(any: pg.Pool): Promise<Readonly<Record<string, number>>> {
    await database.ask("truncate notes")
    const over = new AbortController()
    const said = new Map<string, { ok: boolean; effect: unknown; lone: boolean }>()
    const caller = async (nth: number): Promise<void> => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        const id = `${nth}-${round}`
        const lone = nth % 2 === 0
        const { ok, effect } = await told(
          lone
            ? any.query("insert into notes values ($1)", [id])
            : byHand(any, `insert into notes values ('${id}')`, "select count(*) from notes"),
        )
        said.set(id, { ok, effect, lone })
        if (!ok) await pause(5)
      }
    }
    const callers = Array.from({ length: 8 }, (_, nth) => caller(nth))
    for (let strike = 0; strike < 12; strike += 1) {
      await pause(40)
      const struck = await serverFaults.terminate({ url: database.adminUrl }, { database: database.name })
      await struck.lift()
    }
    over.abort()
    await Promise.all(callers)
    const there = new Map<unknown, number>()
    for (const note of await notes()) there.set(note, (there.get(note) ?? 0) + 1)
    const all = [...said]
    return {
      calls: all.length,
      failed: all.filter(([, { ok }]) => !ok).length,
      loneFailed: all.filter(([, { ok, lone }]) => !ok && lone).length,
      lost: all.filter(([id, { ok }]) => ok && !there.has(id)).length,
      doubled: [...there.values()].filter((count) => count > 1).length,
      untold: all.filter(([, { ok, effect }]) => !ok && effect === undefined).length,
      lies: all.filter(([id, { effect }]) => effect === "not_applied" && there.has(id)).length,
    }
  }

  it("nothing is lost, nothing is there twice, and nobody is told a lie", async () => {
    const direct = resilientPool(database.url)
    const ours = await storm(direct)
    expect(ours).toMatchObject({ lost: 0, doubled: 0, lies: 0, untold: 0 })
    expect(ours.calls).toBeGreaterThan(100)
    await direct.end()
    const plain = plainPool(database.url)
    const theirs = await storm(plain)
    await plain.end()
    console.log("terminated sessions under load:", { ours, theirs })
    expect(theirs).toMatchObject({ lost: 0, doubled: 0, untold: theirs.failed })
  })
})
