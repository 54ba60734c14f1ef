/** Behind PgBouncer in transaction mode: the cancel key and the backend's pid differ, and every transaction may meet another session. */
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase } from "@kysely-resilient/core"
import { createEngine, type DriverEvent, type DriverOptions, type Engine, type Settled } from "@kysely-resilient/driver"
import {
  delay,
  onCancelRequest,
  startEmbeddedPostgres,
  startFaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import { err, ok } from "neverthrow"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { expectCalm } from "../support/aftermath.ts"
import { testDatabase } from "../support/databases.ts"
import { PgBouncer, type PgBouncerOptions } from "../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../support/pgbouncer/suite.ts"
import { errorOf } from "../support/results.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    await client.query("create table facts (id text)")
  },
})

let events: DriverEvent[]
let closings: (() => Promise<unknown>)[]

beforeEach(async () => {
  events = []
  closings = []
  await database.ask("truncate notes, facts")
})

afterEach(async () => {
  for (const close of closings.toReversed()) await close()
})

function settings(connection: string, changes: DriverOptions = {}): DriverOptions {
  return {
    connection,
    pool: { min: 0, max: 4 },
    timeouts: { connectMs: 3_000, cancelMs: 800 },
    retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 5_000 },
    observer: (event) => events.push(event),
    ...changes,
  }
}

function engineOn(pooler: PgBouncer, changes: DriverOptions = {}, url = database.url): Engine {
  const engine = createEngine(settings(pooler.url(url), changes))
  closings.push(() => engine.close())
  return engine
}

async function start(options: Partial<PgBouncerOptions> = {}): Promise<PgBouncer> {
  // A session that ends while it logs in counts as a failed one; then it logs in no more for so many seconds, else 15.
  const withRetry = { server_login_retry: 0.2, ...options.settings }
  const pooler = await PgBouncer.start({ program, target: database.url, ...options, settings: withRetry })
  closings.push(() => pooler.stop())
  return pooler
}

const text = (statement: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(statement, parameters)
const add = (note: string): CompiledQuery => text("insert into notes values ($1)", note)
const told = <N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] =>
  events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)
const notes = async (): Promise<unknown[]> =>
  (await database.ask("select note from notes order by note")).map((row) => row["note"])

/** The sessions that PgBouncer keeps with the server for this file's database. */
const OURS = `datname = current_database() and backend_type = 'client backend' and pid <> pg_backend_pid()`

async function untilRunning(like: string): Promise<void> {
  for (;;) {
    const rows = await database.ask(
      `select 1 from pg_stat_activity where ${OURS} and state = 'active' and query like $1`,
      [`%${like}%`],
    )
    if (rows.length > 0) return
    await pause(5)
  }
}

describeWithPgBouncer("everything that works without it", () => {
  let pooler: PgBouncer

  beforeAll(async () => {
    // Fewer sessions than connections, so that they really change hands.
    pooler = await PgBouncer.start({ program, target: database.url, settings: { default_pool_size: 2 } })
  })

  afterAll(async () => {
    await pooler.stop()
  })

  it("statements, suspected reads and batches, many at once", async () => {
    const engine = engineOn(pooler, { pool: { min: 0, max: 8 } })
    const all = await Promise.all(
      Array.from({ length: 60 }, (_, nth) =>
        nth % 3 === 0
          ? engine.run(text("select $1::int as nth", nth))
          : nth % 3 === 1
            ? engine.run(add(`${nth}`))
            : engine.batch([text("select $1::int as nth", nth), add(`${nth}`)]),
      ),
    )
    for (const settled of all) expect(settled).toMatchObject({ ok: true, attempts: 1 })
    expect(await notes()).toHaveLength(40)
    await expectCalm(engine, database)
  })

  it("transactions and savepoints, each in one session from BEGIN to COMMIT", async () => {
    const db = createDatabase(settings(pooler.url(database.url), { pool: { min: 0, max: 6 } }))
    const work = async (nth: number): Promise<unknown> =>
      db.transaction(async (tx) => {
        const first = await tx.query("select pg_backend_pid() as pid")
        if (first.isErr()) return first
        await tx.query("insert into notes values ($1)", [`kept ${nth}`])
        const undone = await tx.savepoint(async (inner) => {
          await inner.query("insert into notes values ($1)", [`undone ${nth}`])
          return err("no")
        })
        errorOf(undone)
        const last = await tx.query("select pg_backend_pid() as pid")
        if (last.isErr()) return last
        expect(last.value.rows).toEqual(first.value.rows)
        return ok(nth)
      })
    const done = await Promise.all(Array.from({ length: 24 }, (_, nth) => work(nth)))
    for (const [nth, result] of done.entries()) expect(result).toMatchObject({ value: nth })
    expect((await notes()).filter((note) => String(note).startsWith("undone"))).toEqual([])
    expect(await notes()).toHaveLength(24)
    await db.close()
  })

  it("streams, several at once, and one that is left early", async () => {
    const engine = engineOn(pooler, { pool: { min: 0, max: 4 } })
    const read = async (rowsMax: number): Promise<number> => {
      let rows = 0
      for await (const chunk of engine.stream(text("select n from generate_series(1, 2500) as n"), 400)) {
        if (!chunk.ok) throw new Error(chunk.failure.message)
        rows += chunk.value.length
        if (rows >= rowsMax) break
      }
      return rows
    }
    expect(await Promise.all([read(9_999), read(9_999), read(1_000), read(9_999)])).toEqual([
      2_500, 2_500, 1_200, 2_500,
    ])
    await expectCalm(engine, database)
  })

  it("a statement that looks like a read and writes", async () => {
    const engine = engineOn(pooler)
    expect(
      await engine.run(text("with added as (insert into notes values ('a') returning note) select * from added")),
    ).toMatchObject({ ok: true, value: { rows: [{ note: "a" }] } })
    expect(await notes()).toEqual(["a"])
  })

  it("session state that raw SQL leaves behind does not break the next one", async () => {
    const engine = engineOn(pooler, { pool: { min: 0, max: 2 } })
    for (const left of [
      "set statement_timeout = '1h'",
      "listen here",
      "create temp table t ()",
      "set datestyle = german",
    ]) {
      expect(await engine.run(text(left))).toMatchObject({ ok: true })
      expect(await engine.run(text("select date '2026-03-02' as d"))).toMatchObject({
        ok: true,
        value: { rows: [{ d: new Date(2026, 2, 2) }] },
      })
    }
    await pooler.command("RECONNECT")
  })

  it("a password function that is asked once more when the pooler refuses what it gave", async () => {
    const { hostname, username, password, pathname } = new URL(database.url)
    const given = ["old", decodeURIComponent(password)]
    const engine = createEngine(
      settings("", {
        connection: {
          host: hostname,
          port: pooler.port,
          user: username,
          database: pathname.slice(1),
          password: () => given.shift() ?? "none",
        },
      }),
    )
    closings.push(() => engine.close())
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true, attempts: 1 })
    expect(given).toEqual([])
  })
})

describeWithPgBouncer("cancelling behind it", () => {
  it("stops the statement on the server, whoever has its key, and keeps the connection", async () => {
    const pooler = await start()
    const engine = engineOn(pooler)
    const abort = new AbortController()
    const running = engine.run(text("select pg_sleep(30)"), { signal: abort.signal })
    await untilRunning("pg_sleep(30)")
    const startedAt = performance.now()
    abort.abort()
    expect(await running).toMatchObject({ ok: false, failure: { kind: "aborted", effect: "not_applied" } })
    expect(performance.now() - startedAt).toBeLessThan(4 * 250)
    expect(told("query.abandoned")).toMatchObject([{ confirmed: true }])
    expect(told("connection.discarded")).toEqual([])
    await expectCalm(engine, database)
  })

  it("never stops a statement of somebody else, though sessions change hands at every moment", async () => {
    const pooler = await start({ settings: { default_pool_size: 3 } })
    const hasty = engineOn(pooler, { pool: { min: 0, max: 4 } })
    const others = engineOn(pooler, { pool: { min: 0, max: 4 } })
    let over = false
    const foreign: unknown[] = []
    let done = 0
    const other = async (): Promise<void> => {
      while (!over) {
        const settled = await others.run(text("select pg_sleep(0.003)"), { retry: false })
        done += 1
        if (!settled.ok) foreign.push(settled.failure)
      }
    }
    const working = [other(), other(), other()]
    for (let round = 0; round < 60; round += 1) {
      const abort = new AbortController()
      const each = [1, 2, 3].map(() => hasty.run(text("select pg_sleep(0.006)"), { signal: abort.signal }))
      await pause(round % 12)
      abort.abort()
      await Promise.all(each)
      // Nor what runs next on the very connections that were cancelled.
      const next = await Promise.all([1, 2, 3].map(() => hasty.run(text("select pg_sleep(0.003)"), { retry: false })))
      for (const settled of next) if (!settled.ok) foreign.push(settled.failure)
    }
    over = true
    await Promise.all(working)
    expect(foreign).toEqual([])
    expect(done).toBeGreaterThan(30)
    await expectCalm(hasty, database)
  })

  it.each([
    ["its way to PgBouncer", "in front"],
    ["its way from there to the server", "behind"],
  ] as const)("whose request lingers on %s does not stop what comes after the statement", async (_, where) => {
    const proxy = await startFaultProxy({ target: database.url })
    closings.push(() => proxy.close())
    const one = { settings: { default_pool_size: 1 } }
    const pooler = await start(where === "behind" ? { ...one, target: proxy.url(database.url) } : one)
    const front = await startFaultProxy({ target: pooler.url(database.url) })
    closings.push(() => front.close())
    const engine = createEngine(settings(front.url(database.url), { pool: { min: 0, max: 1 } }))
    closings.push(() => engine.close())
    await engine.run(text("select 1"))

    const lingers = (where === "behind" ? proxy : front).rule({ when: onCancelRequest, do: delay(300) })
    const abort = new AbortController()
    const first = engine.run(text("select pg_sleep(0.15)"), { signal: abort.signal })
    await untilRunning("pg_sleep(0.15)")
    abort.abort()
    // It ends by itself before the request arrives, and its connection, or its session, is wanted by another one.
    expect(await engine.run(text("select pg_sleep(0.6)"), { retry: false })).toMatchObject({ ok: true })
    await first
    expect(lingers.hits).toBe(1)
  })

  it("gives up a statement that has no session yet: it never ran", async () => {
    const pooler = await start({ settings: { default_pool_size: 1 } })
    const engine = engineOn(pooler)
    const first = engine.run(text("select pg_sleep(1.2)"))
    await untilRunning("pg_sleep(1.2)")
    // It has to open a connection behind the other one, which takes a session for a moment.
    const waiting = await engine.run(add("never"), { timeoutMs: 300 })
    expect(waiting).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded" } })
    expect(await first).toMatchObject({ ok: true })
    await pause(200)
    expect(await notes()).toEqual([])
    await expectCalm(engine, database)
  })

  it("leaves the statement of a transaction with a deadline to the server's own clock when PgBouncer is gone", async () => {
    const pooler = await start()
    const engine = engineOn(pooler, { retry: false })
    const lease = engine.lease()
    lease.begin({ deadline: { at: performance.now() + 700, limitMs: 700 } })
    const running = lease.run(text("select pg_sleep(30)"))
    await untilRunning("pg_sleep(30)")
    await pooler.crash()
    expect(await running).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()
    await expect
      .poll(() => database.ask(`select 1 from pg_stat_activity where ${OURS} and query like '%pg_sleep(30)%'`), {
        timeout: 4 * 700,
      })
      .toEqual([])
  })
})

describeWithPgBouncer("what it says in the server's place, and what that means", () => {
  /** Whatever PostgreSQL itself says is signed with its routine; nothing that PgBouncer says is. */
  function expectUnsigned(settled: Settled<unknown>, says: RegExp): void {
    expect(settled).toMatchObject({ ok: false, failure: { origin: "pooler", sqlState: "08P01" } })
    if (settled.ok) return
    expect(settled.failure.routine).toBeUndefined()
    expect(settled.failure.message).toMatch(says)
  }

  it("start-up parameters that it does not know are a mistake in the configuration, which says what to do", async () => {
    const pooler = await start()
    const engine = engineOn(pooler, {}, `${database.url}?options=-c%20search_path%3Dapp`)
    const settled = await engine.run(text("select 1"))
    expectUnsigned(settled, /unsupported startup parameter: options\. Leave it out/)
    expect(settled).toMatchObject({ failure: { kind: "configuration", retry: "never", effect: "not_applied" } })
  })

  it("and those that it was told to ignore are no mistake", async () => {
    const pooler = await start({ settings: { ignore_startup_parameters: "options" } })
    const engine = engineOn(pooler, {}, `${database.url}?options=-c%20search_path%3Dapp`)
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
  })

  it("statement mode has no transactions, which says what to do", async () => {
    const pooler = await start({ poolMode: "statement" })
    const engine = engineOn(pooler)
    const lease = engine.lease()
    lease.begin({})
    const settled = await lease.run(add("a"))
    await lease.release()
    expectUnsigned(settled, /transaction blocks not allowed in statement pooling mode\. Use pool_mode/)
    expect(settled).toMatchObject({ failure: { kind: "configuration", retry: "never", effect: "not_applied" } })
  })

  it.each([
    ["a database that is not there", { database: "nowhere" }, "configuration", /database "nowhere" does not exist/],
    ["a wrong password", { password: "wrong" }, "authentication_failed", /SASL authentication failed/],
    ["an unknown user", { user: "nobody" }, "authentication_failed", /SASL authentication failed/],
  ] as const)("%s is final, and nobody waits", async (_, change, kind, says) => {
    const pooler = await start()
    const { hostname: host, username, password, pathname } = new URL(database.url)
    const connection = { host, port: pooler.port, user: username, password, database: pathname.slice(1), ...change }
    const engine = createEngine(settings("", { connection }))
    closings.push(() => engine.close())
    const startedAt = performance.now()
    const settled = await engine.run(text("select 1"))
    expectUnsigned(settled, says)
    expect(settled).toMatchObject({ failure: { kind, retry: "never", effect: "not_applied" } })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
  })

  it("max_client_conn: those that there are serve everybody; without any it is waited for", async () => {
    const pooler = await start({ settings: { max_client_conn: 2 } })
    const engine = engineOn(pooler)
    const all = await Promise.all(Array.from({ length: 12 }, () => engine.run(text("select pg_sleep(0.02)"))))
    for (const settled of all) expect(settled).toMatchObject({ ok: true })
    await engine.close()
    await expect.poll(() => pooler.command("SHOW CLIENTS")).toHaveLength(1)

    const others = await Promise.all(
      [1, 2].map(async () => {
        const client = new pg.Client(pooler.url(database.url))
        client.on("error", () => {})
        await client.connect()
        return client
      }),
    )
    const late = engineOn(pooler)
    const settled = await late.run(text("select 1"), { timeoutMs: 300 })
    expectUnsigned(settled, /no more connections allowed \(max_client_conn\)/)
    expect(settled).toMatchObject({ failure: { kind: "too_many_connections", effect: "not_applied" } })
    const waiting = late.run(add("in the end"))
    await pause(300)
    await Promise.all(others.map((client) => client.end()))
    expect(await waiting).toMatchObject({ ok: true })
  })

  it("query_wait_timeout: the statement was never forwarded, so it may be sent again, and is", async () => {
    const pooler = await start({ settings: { query_wait_timeout: 1 } })
    const engine = engineOn(pooler, { retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 15_000 } })
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    await pooler.pause()
    const once = engine.run(add("never"), { retry: false })
    const patient = engine.run(add("patient"))
    const settled = await once
    expectUnsigned(settled, /query_wait_timeout/)
    expect(settled).toMatchObject({ failure: { kind: "pooler_unavailable", effect: "not_applied", blame: "server" } })
    await pooler.resume()
    expect(await patient).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["before", "patient"])
  })

  it("PAUSE and RESUME without that limit: nobody hears of it", async () => {
    const pooler = await start()
    const engine = engineOn(pooler)
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    await pooler.pause()
    const all = Promise.all(Array.from({ length: 12 }, (_, nth) => engine.run(add(`${nth}`))))
    await pause(500)
    await pooler.resume()
    for (const settled of await all) expect(settled).toMatchObject({ ok: true, attempts: 1 })
    expect(await notes()).toHaveLength(13)
  })

  it("client_idle_timeout: it hangs up on idle connections only, so nothing is lost by it", async () => {
    const pooler = await start({ settings: { client_idle_timeout: 0.2 } })
    const engine = engineOn(pooler)
    // Around the moment when it strikes.
    for (let round = 0; round < 5; round += 1) {
      expect(await engine.run(add(`${round}`))).toMatchObject({ ok: true })
      await pause(200 + 40 * round)
    }
    expect(await notes()).toHaveLength(5)
  })
})

describeWithPgBouncer("a session that is ended behind it", () => {
  const terminate = (): Promise<unknown> =>
    database.ask(`select pg_terminate_backend(pid) from pg_stat_activity where ${OURS}`)

  it("while a statement runs: the server's own last word is passed on, and a write is known not to be applied", async () => {
    const pooler = await start()
    const engine = engineOn(pooler)
    const running = engine.run(text("insert into notes select 'once' from pg_sleep(0.3)"))
    await untilRunning("pg_sleep(0.3)")
    await terminate()
    expect(await running).toMatchObject({ ok: true, attempts: 2 })
    expect(told("query.retried")).toMatchObject([
      { failure: { kind: "server_shutdown", origin: "server", routine: "ProcessInterrupts", effect: "not_applied" } },
    ])
    expect(await notes()).toEqual(["once"])
    await expectCalm(engine, database)
  })

  it("while a transaction is open: core runs it again", async () => {
    const pooler = await start()
    const db = createDatabase(settings(pooler.url(database.url)))
    const done = await db.transaction(async (tx) => {
      const first = await tx.query("insert into notes values ('once')")
      if (first.isErr()) return first
      if (tx.attempt === 1) await terminate()
      const second = await tx.query("insert into notes values ('more')")
      return second.isErr() ? second : ok(tx.attempt)
    })
    expect(done._unsafeUnwrap()).toBe(2)
    await db.close()
    expect(await notes()).toEqual(["more", "once"])
  })

  it("while it is idle: nobody hears of it", async () => {
    const pooler = await start()
    const engine = engineOn(pooler)
    for (let round = 0; round < 10; round += 1) {
      expect(await engine.run(add(`${round}`))).toMatchObject({ ok: true })
      await terminate()
    }
    expect(await notes()).toHaveLength(10)
  })
})

describeWithPgBouncer("PgBouncer itself, under load", () => {
  /** What callers were told against what the database holds; those still unknown may be either. */
  async function everybodyIsToldTheTruth(engine: Engine, hurt: () => Promise<unknown>): Promise<void> {
    const over = new AbortController()
    const ledger = new Map<string, Settled<unknown>>()
    const failures: unknown[] = []
    let answered = 0
    const caller = async (nth: number): Promise<void> => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        const id = `${nth}-${round}`
        const kind = nth % 3
        let settled: Settled<unknown>
        if (kind === 0) settled = await engine.run(text("select count(*) from facts"))
        else if (kind === 1) {
          settled = await engine.run(text("insert into facts values ($1)", id))
          ledger.set(id, settled)
        } else {
          const lease = engine.lease()
          lease.begin({})
          const added = await lease.run(text("insert into facts values ($1)", id))
          settled = added.ok ? await lease.commit() : added
          await lease.release()
          ledger.set(id, settled)
        }
        answered += 1
        // A transaction is lost with its session, and only its callback can bring it back; but that is then known.
        if (!settled.ok && (kind !== 2 || settled.failure.effect !== "not_applied")) failures.push(settled)
      }
    }
    const callers = Array.from({ length: 12 }, (_, nth) => caller(nth))
    const answers = async (count: number): Promise<void> => {
      const before = answered
      while (answered < before + count) await pause(5)
    }
    for (let round = 0; round < 3; round += 1) {
      await answers(20)
      await hurt()
    }
    await answers(40)
    over.abort()
    await Promise.all(callers)
    expect(failures).toEqual([])
    const held = new Map(
      (await database.ask("select id, count(*)::int as n from facts group by id")).map((row) => [row["id"], row["n"]]),
    )
    for (const [id, settled] of ledger) {
      expect(held.get(id), id).toBe(settled.ok ? 1 : undefined)
    }
    await expectCalm(engine, database)
  }

  it.each([
    ["restarted", (pooler: PgBouncer) => pooler.restart()],
    [
      "crashed",
      async (pooler: PgBouncer) => {
        await pooler.crash()
        await pooler.start()
      },
    ],
    ["told to let its sessions go (RECONNECT)", (pooler: PgBouncer) => pooler.command("RECONNECT")],
    [
      "paused and resumed",
      async (pooler: PgBouncer) => {
        await pooler.pause()
        await pause(100)
        await pooler.resume()
      },
    ],
    [
      "robbed of its sessions",
      async () =>
        database.ask(
          `select pg_terminate_backend(pid) from pg_stat_activity where ${OURS} and query not like '%pg_terminate%'`,
        ),
    ],
  ] as const)("%s: nothing is lost and nothing is there twice", async (_, hurt) => {
    const pooler = await start({ settings: { default_pool_size: 4 } })
    const engine = engineOn(pooler, { pool: { min: 0, max: 8 } })
    await expect(everybodyIsToldTheTruth(engine, () => hurt(pooler))).resolves.toBeUndefined()
  })
})

describeWithPgBouncer("a server that is down behind it", () => {
  let server: OwnServer

  beforeAll(async () => {
    server = await startEmbeddedPostgres()
  })

  afterAll(async () => {
    await server.stop()
  })

  async function ask(statement: string): Promise<void> {
    const client = new pg.Client(server.url)
    client.on("error", () => {})
    await client.connect()
    for (const one of statement.split(";\n")) await client.query(one)
    await client.end()
  }

  it("server login has been failing: nothing was forwarded, and it is waited for", async () => {
    const pooler = await start({ target: server.url, settings: { query_wait_timeout: 20 } })
    const patient = engineOn(pooler, { retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 20_000 } }, server.url)
    const hasty = engineOn(pooler, { retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 700 } }, server.url)
    expect(await patient.run(text("create table facts (id text)"))).toMatchObject({ ok: true })
    await server.stopFast()
    const waiting = Promise.all(
      Array.from({ length: 8 }, (_, nth) => patient.run(text("insert into facts values ($1)", nth))),
    )
    expect(await hasty.run(text("select 1"))).toMatchObject({
      ok: false,
      failure: { effect: "not_applied", blame: "server", phase: "connect" },
    })
    await server.start()
    for (const settled of await waiting) expect(settled).toMatchObject({ ok: true })
    expect(await patient.run(text("select count(*)::int as n from facts"))).toMatchObject({
      value: { rows: [{ n: 8 }] },
    })
    const said = told("connection.failed").map(({ failure }) => failure.message)
    expect(said.some((message) => /server login has been failing/.test(message))).toBe(true)
  })

  it("crashed while it was at work: server conn crashed, and what a write did is unknown or nothing", async () => {
    const pooler = await start({ target: server.url })
    const retry = { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 20_000 }
    const engine = engineOn(pooler, { retry, resolution: "off" }, server.url)
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    const reading = engine.run(text("select pg_sleep(1)"))
    const writing = engine.run(text("insert into facts select 'perhaps' from pg_sleep(1)"), { retry: false })
    await pause(200)
    await server.crash()
    await server.start()
    expect(await reading).toMatchObject({ ok: true, attempts: 2 })
    expect(told("query.retried")).toMatchObject([{ failure: { kind: "connection_failed", origin: "pooler" } }])
    expect(await writing).toMatchObject({ ok: false, failure: { origin: "pooler", effect: "unknown" } })
  })

  it("that takes no writes any more is left for one that does", async () => {
    const pooler = await start({ target: server.url })
    const engine = engineOn(pooler, {}, server.url)
    expect(await engine.run(text("insert into facts values ('before')"))).toMatchObject({ ok: true })
    await ask("alter system set default_transaction_read_only = on;\nselect pg_reload_conf()")
    // A session hears of it a moment later.
    await pause(100)
    const writing = engine.run(text("insert into facts values ('meanwhile')"))
    await pause(700)
    await ask("alter system reset default_transaction_read_only;\nselect pg_reload_conf()")
    expect(await writing).toMatchObject({ ok: true })
    expect(told("query.retried")[0]).toMatchObject({ failure: { kind: "read_only_transaction" } })
  })
})

describeWithPgBouncer("in session mode", () => {
  it("everything works as without it, session state included", async () => {
    const pooler = await start({ poolMode: "session" })
    const engine = engineOn(pooler)
    const lease = engine.lease()
    await lease.run(text("create temp table mine (n int)"))
    expect(await lease.run(text("insert into mine values (1)"))).toMatchObject({ ok: true })
    await lease.release()
    const abort = new AbortController()
    const running = engine.run(text("select pg_sleep(30)"), { signal: abort.signal })
    await untilRunning("pg_sleep(30)")
    abort.abort()
    expect(await running).toMatchObject({ ok: false, failure: { kind: "aborted" } })
    await expectCalm(engine, database)
  })
})

describe("without PgBouncer", () => {
  it("these tests are skipped with a reason, which is how this file can be run anywhere", () => {
    if ("missing" in program) expect(program.missing).not.toBe("")
    else expect(program.path).toMatch(/pgbouncer$/)
  })
})
