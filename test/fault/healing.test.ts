/** What a session, a role, a setting or a server loses while the driver runs, and how it goes on. */
import { setTimeout as pause } from "node:timers/promises"
import { writeFileSync } from "node:fs"
import { join } from "node:path"

import { createDatabase } from "@kysely-resilient/core"
import {
  createEngine,
  deadlineAfter,
  MARKER_MIGRATION,
  type DriverEvent,
  type DriverOptions,
  type Engine,
} from "@kysely-resilient/driver"
import {
  databaseUrl,
  instant,
  stall,
  startEmbeddedPostgres,
  startFaultProxy,
  type FaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"
import { systemClock, type Clock } from "@kysely-resilient/driver/src/foundation/clock.ts"
import { CompiledQuery } from "kysely"
import { ok } from "neverthrow"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

let server: OwnServer
let events: DriverEvent[]
let engines: Engine[]

beforeAll(async () => {
  server = await startEmbeddedPostgres()
  await ask("create table notes (note text)")
  await ask("create function forgets() returns void language plpgsql as $$ begin execute 'deallocate all'; end $$")
})

afterAll(async () => {
  await server.stop()
})

beforeEach(async () => {
  events = []
  engines = []
  await ask("truncate notes")
})

afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
})

function settings(changes: DriverOptions = {}): DriverOptions {
  return {
    connection: server.url,
    pool: { min: 0, max: 4 },
    timeouts: { cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 } },
    observer: (event) => events.push(event),
    ...changes,
  }
}

function makeEngine(changes: DriverOptions = {}): Engine {
  const engine = createEngine(settings(changes))
  engines.push(engine)
  return engine
}

const text = (statement: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(statement, parameters)
const add = (note: string): CompiledQuery => text("insert into notes values ($1)", note)
const told = <N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] =>
  events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)

async function valueOf(on: Pick<Engine, "run">, statement: string): Promise<unknown> {
  const settled = await on.run(text(statement))
  if (!settled.ok) throw new Error(settled.failure.message)
  return Object.values(settled.value.rows[0] as object)[0]
}

/** Past everything under test. */
async function ask(statement: string, url = server.url): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(url)
  client.on("error", () => {})
  await client.connect()
  try {
    let rows: Record<string, unknown>[] = []
    // ALTER SYSTEM, and DROP DATABASE, want to be alone in their message.
    for (const one of statement.split(";\n")) ({ rows } = await client.query(one))
    return rows
  } finally {
    await client.end()
  }
}

const notes = async (): Promise<unknown[]> =>
  (await ask("select note from notes order by note")).map((row) => row["note"])

describe("statements that the application has prepared by SQL, on every connection", () => {
  const prepares: DriverOptions = {
    pool: { min: 0, max: 2 },
    onConnect: async (session) => {
      await session.query("prepare add_note(text) as insert into notes values ($1)")
      await session.query("prepare all_notes as select * from notes")
    },
  }

  // What a function does is seen by nobody.
  it.each(["deallocate all", "discard all", "select forgets()"])("are prepared again after %s", async (forget) => {
    const engine = makeEngine(prepares)
    expect(await engine.run(text("execute add_note('a')"))).toMatchObject({ ok: true, attempts: 1 })
    await engine.run(text(forget))
    expect(await engine.run(text("execute add_note('b')"))).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["a", "b"])
  })

  it("are prepared again after a table has changed under them, on all connections at once", async () => {
    const engine = makeEngine(prepares)
    const both = await Promise.all([1, 2].map(() => engine.run(text("select pg_sleep(0.05)"))))
    for (const settled of both) expect(settled).toMatchObject({ ok: true })
    expect(await engine.run(text("execute all_notes"))).toMatchObject({ ok: true })
    await ask("alter table notes add column extra int")
    expect(await engine.run(text("execute all_notes"))).toMatchObject({ ok: true, attempts: 2 })
    expect(told("query.retried")[0]).toMatchObject({ failure: { kind: "cached_plan_changed", sqlState: "0A000" } })
    await ask("alter table notes drop column extra")
  })

  it("inside a transaction let core run it again on a connection that has them", async () => {
    const db = createDatabase(settings(prepares))
    await db.query("select forgets()")
    const done = await db.transaction(async (tx) => {
      const added = await tx.query("execute add_note('c')")
      return added.isErr() ? added : ok(tx.attempt)
    })
    expect(done._unsafeUnwrap()).toBe(2)
    await db.close()
    expect(await notes()).toEqual(["c"])
  })

  it("of whom nobody has ever heard are an error, and soon", async () => {
    const engine = makeEngine()
    expect(await engine.run(text("execute nothing"))).toMatchObject({
      ok: false,
      failure: { kind: "prepared_statement_missing", effect: "not_applied" },
      attempts: 2,
    })
  })
})

describe("a server that takes no writes any more", () => {
  const readOnly = async (on: boolean): Promise<void> => {
    await ask(`alter system set default_transaction_read_only = ${on ? "on" : "off"};\nselect pg_reload_conf()`)
    // A session hears of it a moment later.
    await pause(100)
  }

  afterEach(async () => {
    await readOnly(false)
  })

  it("is left for one that does: a write waits for it, and nobody hears of the rest", async () => {
    const engine = makeEngine()
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    await readOnly(true)
    const writing = engine.run(add("meanwhile"))
    await pause(1_500)
    await readOnly(false)
    expect(await writing).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["before", "meanwhile"])
    expect(told("pool.reset")).toHaveLength(1)
    expect(told("connection.failed").length, "no storm").toBeLessThan(30)
  })

  it("still serves reads when it stays so, and says to writes why not", async () => {
    const engine = makeEngine({ retry: { slow: { baseMs: 20, maxMs: 100 }, outageWaitMs: 1_000 } })
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    await readOnly(true)
    const writing = engine.run(add("meanwhile"))
    const reading = pause(50).then(() => engine.run(text("select count(*)::int as n from notes")))
    expect(await writing).toMatchObject({
      ok: false,
      failure: { kind: "read_only_transaction", effect: "not_applied", blame: "server" },
    })
    expect(await reading).toMatchObject({ ok: true, value: { rows: [{ n: 1 }] } })
    expect(told("pool.reset")).toHaveLength(1)
    // Once it is known to take none, nobody waits for that again.
    const startedAt = performance.now()
    expect(await engine.run(add("later"))).toMatchObject({ ok: false })
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    expect(performance.now() - startedAt).toBeLessThan(800)
    expect(told("pool.reset")).toHaveLength(1)
  })

  it("is not blamed for a transaction that its own SQL has made read-only", async () => {
    const engine = makeEngine()
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    const lease = engine.lease()
    await lease.run(text("set transaction_read_only = off"))
    await lease.run(text("begin read only"))
    expect(await lease.run(add("never"))).toMatchObject({
      ok: false,
      failure: { kind: "read_only_transaction", blame: "statement", retry: "never" },
    })
    await lease.release()
    expect(told("pool.reset")).toEqual([])
  })

  it("may be a primary that came back as a standby, and is promoted in the end", async () => {
    const engine = makeEngine({ retry: { outageWaitMs: 15_000, slow: { baseMs: 20, maxMs: 100 } } })
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    await server.stopFast()
    writeFileSync(join(server.dataDirectory, "standby.signal"), "")
    await server.start()
    expect(await engine.run(text("select note from notes"))).toMatchObject({ ok: true })
    const db = createDatabase(settings({ retry: { outageWaitMs: 15_000 } }))
    const writing = engine.run(add("meanwhile"))
    await pause(500)
    await ask("select pg_promote()")
    expect(await writing).toMatchObject({ ok: true })
    await db.close()
    expect(await notes()).toEqual(["before", "meanwhile"])
  })
})

describe("a password that changes", () => {
  beforeAll(async () => {
    await ask("create role rotated login password 'first'; grant all on notes to rotated")
  })

  afterAll(async () => {
    await ask("drop owned by rotated; drop role rotated")
  })

  const as = (password: string | (() => string)): DriverOptions => ({
    connection: { host: server.host, port: server.port, user: "rotated", database: "postgres", password },
  })

  it("is asked for once more when the one that was given is refused", async () => {
    await ask("alter role rotated password 'second'")
    const given = ["first", "second"]
    const engine = makeEngine(as(() => given.shift() ?? "none"))
    expect(await engine.run(add("a"))).toMatchObject({ ok: true, attempts: 1 })
    expect(given).toEqual([])
  })

  it("is asked for once more only", async () => {
    let asked = 0
    const engine = makeEngine(
      as(() => {
        asked += 1
        return "wrong"
      }),
    )
    expect(await engine.run(add("a"))).toMatchObject({
      ok: false,
      failure: { kind: "authentication_failed", sqlState: "28P01", effect: "not_applied" },
    })
    expect(asked).toBe(2)
  })

  it("while the driver runs does not matter to what is open, nor to what is opened with the new one", async () => {
    await ask("alter role rotated password 'third'")
    let current = "third"
    const engine = makeEngine(as(() => current))
    expect(await engine.run(add("a"))).toMatchObject({ ok: true })
    await ask("alter role rotated password 'fourth'")
    expect(await engine.run(add("b"))).toMatchObject({ ok: true, attempts: 1 })
    current = "fourth"
    const several = await Promise.all(Array.from({ length: 4 }, () => engine.run(text("select pg_sleep(0.5)"))))
    for (const settled of several) expect(settled).toMatchObject({ ok: true, attempts: 1 })
    expect(told("connection.opened")).toHaveLength(4)
  })

  it("that is fixed is an error that says so, once no connection is left", async () => {
    await ask("alter role rotated password 'fifth'")
    const engine = makeEngine(as("fifth"))
    const pid = await valueOf(engine, "select pg_backend_pid()")
    await ask("alter role rotated password 'sixth'")
    // Those that are open serve everybody.
    const several = await Promise.all(Array.from({ length: 8 }, () => engine.run(text("select pg_sleep(0.01)"))))
    for (const settled of several) expect(settled).toMatchObject({ ok: true })
    await ask(`select pg_terminate_backend(${String(pid)}, 5000)`)
    const settled = await engine.run(add("a"))
    expect(settled).toMatchObject({ ok: false, failure: { kind: "authentication_failed", retry: "never" } })
    expect(settled.ok ? "" : settled.failure.message).toMatch(/^password authentication failed for user "rotated"\./)
    await ask("alter role rotated password 'fifth'")
    expect(await engine.run(add("a")), "and is over with its reason").toMatchObject({ ok: true })
  })
})

describe("sessions that the server ends by itself", () => {
  it("idle_session_timeout: nobody hears of it", async () => {
    const engine = makeEngine({
      connection: `${server.url}?options=-c%20idle_session_timeout%3D100`,
      pool: { min: 0, max: 4 },
    })
    for (let round = 0; round < 6; round += 1) {
      // Around the moment when it strikes.
      await pause(80 + round * 10)
      expect(await engine.run(add(`${round}`))).toMatchObject({ ok: true })
    }
    expect(await notes()).toHaveLength(6)
  })

  it("idle_in_transaction_session_timeout: the transaction is known not to be applied, and core runs it again", async () => {
    const connection = `${server.url}?options=-c%20idle_in_transaction_session_timeout%3D100`
    const engine = makeEngine({ connection })
    const lease = engine.lease()
    lease.begin({})
    expect(await lease.run(add("a"))).toMatchObject({ ok: true })
    await pause(250)
    expect(await lease.run(add("b"))).toMatchObject({
      ok: false,
      failure: { kind: "idle_in_transaction_timeout", effect: "not_applied", retry: "transaction", sqlState: "25P03" },
    })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()

    const db = createDatabase(settings({ connection }))
    const done = await db.transaction(async (tx) => {
      const first = await tx.query("insert into notes values ('a')")
      if (first.isErr()) return first
      if (tx.attempt === 1) await pause(250)
      const second = await tx.query("insert into notes values ('b')")
      return second.isErr() ? second : ok(tx.attempt)
    })
    expect(done._unsafeUnwrap()).toBe(2)
    await db.close()
    expect(await notes()).toEqual(["a", "b"])
  })

  it("transaction_timeout: the same, and nobody runs into it again", async () => {
    const engine = makeEngine({ connection: `${server.url}?options=-c%20transaction_timeout%3D150` })
    const lease = engine.lease()
    lease.begin({})
    expect(await lease.run(add("a"))).toMatchObject({ ok: true })
    expect(await lease.run(text("select pg_sleep(2)"))).toMatchObject({
      ok: false,
      failure: { kind: "transaction_timeout", effect: "not_applied", retry: "never", sqlState: "25P04" },
    })
    expect(await lease.commit()).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    await lease.release()
    expect(await engine.run(add("b"))).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["b"])
  })

  it("transaction_timeout also ends a statement of its own", async () => {
    const engine = makeEngine({ connection: `${server.url}?options=-c%20transaction_timeout%3D150` })
    expect(await engine.run(text("insert into notes select 'a' from pg_sleep(2)"))).toMatchObject({
      ok: false,
      failure: { kind: "transaction_timeout", effect: "not_applied", retry: "never" },
      attempts: 1,
    })
  })
})

describe("settings that change while the driver runs", () => {
  afterEach(async () => {
    await ask("alter system reset all;\nselect pg_reload_conf()")
    await pause(100)
  })

  it("statement_timeout: a transaction with a deadline keeps to the one that holds now", async () => {
    let aheadMs = 0
    const clock: Clock = {
      now: () => systemClock.now() + aheadMs,
      wallTime: () => systemClock.wallTime(),
      after: (delayMs, action, options) => systemClock.after(delayMs, action, options),
    }
    const engine = createEngine(settings({ pool: { min: 0, max: 1 } }), { clock })
    engines.push(engine)
    const inTransaction = async (): Promise<unknown> => {
      // It is asked for again every five seconds, for the transaction after.
      aheadMs += 6_000
      const lease = engine.lease()
      lease.begin({ deadline: { at: clock.now() + 60_000, limitMs: 60_000 }, isolation: "serializable" })
      const timeout = await valueOf(lease, "show statement_timeout")
      await lease.commit()
      await lease.release()
      return timeout
    }
    expect(await inTransaction()).toMatch(/^(1min|\d+ms)$/)
    await ask("alter system set statement_timeout = '7s';\nselect pg_reload_conf()")
    await pause(100)
    await inTransaction()
    expect(await inTransaction()).toBe("7s")
    await ask("alter system reset statement_timeout;\nselect pg_reload_conf()")
    await pause(100)
    await inTransaction()
    expect(await inTransaction()).toMatch(/^(1min|\d+ms)$/)
  })

  it("DateStyle and IntervalStyle: what pg cannot read is not what it gets", async () => {
    await ask(
      "alter system set datestyle = 'SQL, DMY';\nalter system set intervalstyle = 'sql_standard';\nselect pg_reload_conf()",
    )
    await pause(100)
    const engine = makeEngine({ pool: { min: 0, max: 1 } })
    for (const left of ["select 1", "set application_name = 'left behind'", "set datestyle = german", "reset all"]) {
      await engine.run(text(left))
      expect(
        await engine.run(text("select timestamptz '2026-03-02 10:00:00+00' as t, interval '1 day 2 hours' as i")),
      ).toMatchObject({
        ok: true,
        value: { rows: [{ t: new Date("2026-03-02T10:00:00Z"), i: { days: 1, hours: 2 } }] },
      })
    }
  })
})

describe("limits of a role and of a database", () => {
  beforeAll(async () => {
    await ask("create role few login password 'few' connection limit 2; create role others login password 'few'")
    await ask("create database narrow connection limit 2")
  })

  afterAll(async () => {
    // With what was granted to it.
    await ask("drop owned by few;\ndrop role few, others")
    await ask("drop database narrow with (force)")
  })

  it.each([
    ["role", { user: "few", database: "postgres" }, /^too many connections for role "few"\./],
    ["database", { user: "others", database: "narrow" }, /^too many connections for database "narrow"\./],
  ] as const)("of a %s: those that there are serve everybody", async (_, who, says) => {
    const connection = { host: server.host, port: server.port, password: "few", ...who }
    // Whoever asks after silent connections, as on a busy machine, would have one of the two places for himself.
    const engine = makeEngine({ connection, pool: { min: 0, max: 6 }, timeouts: { stallMs: 0 } })
    const all = await Promise.all(Array.from({ length: 40 }, () => engine.run(text("select pg_sleep(0.01)"))))
    for (const settled of all) expect(settled).toMatchObject({ ok: true })
    expect(engine.snapshot().pool).toMatchObject({ idle: 2 })
    expect(told("connection.failed")[0]?.failure).toMatchObject({ kind: "too_many_connections", sqlState: "53300" })
    expect(told("connection.failed")[0]?.failure.message).toMatch(says)
  })

  describe.each(["xid", "marker"] as const)(
    "a COMMIT that is lost while there is no place for another, by %s,",
    (resolution) => {
      const few = { host: "127.0.0.1", user: "few", password: "few", database: "postgres" }
      let proxy: FaultProxy
      let taker: pg.Client

      beforeAll(async () => {
        for (const statement of MARKER_MIGRATION.up) await ask(statement)
        await ask(
          "grant usage on schema kysely_resilient to few; grant all on all tables in schema kysely_resilient, public to few",
        )
        proxy = await startFaultProxy({ target: server.url })
      })

      afterAll(async () => {
        await proxy.close()
        for (const statement of MARKER_MIGRATION.down) await ask(statement)
      })

      afterEach(async () => {
        await taker.end()
      })

      /** The network swallows the answer of COMMIT, its session ends, and somebody else has its place before we know. */
      async function loseCommit(engine: Engine): Promise<ReturnType<ReturnType<Engine["lease"]>["commit"]>> {
        const lease = engine.lease()
        lease.begin({ deadline: deadlineAfter(systemClock, 8_000) })
        const inserted = await lease.run(text("insert into notes values ('c') returning pg_backend_pid() as pid"))
        const [pid] = inserted.ok ? Object.values(inserted.value.rows[0] ?? {}) : []
        const rule = proxy.rule({ when: instant("commit before its answer"), do: stall() })
        const committing = lease.commit()
        while (rule.hits === 0) await pause(5)
        await ask(`select pg_terminate_backend(${String(pid)})`)
        for (;;) {
          taker = new pg.Client({ ...few, port: server.port })
          taker.on("error", () => {})
          const taken = await taker.connect().then(
            () => true,
            () => false,
          )
          if (taken) return committing
        }
      }

      it.each(["is idle", "comes back in time"])("is found out over the one of the pool that %s", async (how) => {
        const engine = makeEngine({
          connection: { ...few, port: proxy.port },
          pool: { min: 0, max: 2 },
          timeouts: { stallMs: 300 },
          resolution,
        })
        await Promise.all([engine.run(text("select pg_sleep(0.05)")), engine.run(text("select pg_sleep(0.05)"))])
        expect(engine.snapshot().pool).toMatchObject({ idle: 2 })
        const committing = loseCommit(engine)
        const other = how === "is idle" ? undefined : engine.run(text("select pg_sleep(0.8)"))
        expect(await committing).toMatchObject({ ok: true })
        await other
        expect(told("effect.resolved")).toMatchObject([{ effect: "applied", late: false }])
        expect(told("connection.opened")).toHaveLength(2)
        expect(engine.snapshot().pool).toMatchObject({ idle: 1, leased: 0 })
        expect(await ask("select * from notes")).toHaveLength(1)
      })
    },
  )
})

describe("what is dropped", () => {
  it("a database: the error says so at once, and it is over when there is one again", async () => {
    await ask("create database passing")
    const engine = makeEngine({ connection: databaseUrl(server.url, "passing") })
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    await ask("drop database passing with (force)")
    const startedAt = performance.now()
    const settled = await engine.run(text("create table t ()"))
    expect(settled).toMatchObject({
      ok: false,
      failure: { kind: "configuration", sqlState: "3D000", effect: "not_applied", retry: "never" },
    })
    expect(performance.now() - startedAt).toBeLessThan(2_000)
    await ask("create database passing")
    expect(await engine.run(text("create table t ()"))).toMatchObject({ ok: true })
    await engine.close()
    await ask("drop database passing")
  })

  it("a role: what is open goes on, what is opened is refused, and the error says so", async () => {
    await ask("create role passing login password 'p' superuser")
    const connection = { host: server.host, port: server.port, user: "passing", password: "p", database: "postgres" }
    const engine = makeEngine({ connection, pool: { min: 0, max: 2 } })
    const pid = await valueOf(engine, "select pg_backend_pid()")
    await ask("drop role passing")
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    await ask(`select pg_terminate_backend(${String(pid)}, 5000)`)
    const settled = await engine.run(text("select 1"))
    expect(settled).toMatchObject({
      ok: false,
      failure: { kind: "authentication_failed", effect: "not_applied", retry: "never" },
    })
    expect(settled.ok ? "" : settled.failure.message).toMatch(/"passing"/)
  })
})

describe("a server that comes back with another configuration", () => {
  afterEach(async () => {
    await ask("alter system reset all")
    await server.restart()
    await ask("drop role if exists plain")
  })

  it("fewer connections: the pool makes do with those", async () => {
    await ask("create role plain login password 'plain'")
    const engine = makeEngine({
      connection: { host: server.host, port: server.port, user: "plain", password: "plain", database: "postgres" },
      pool: { min: 0, max: 8 },
      retry: { outageWaitMs: 15_000, slow: { baseMs: 20, maxMs: 100 } },
    })
    const busy = (): Promise<unknown[]> =>
      Promise.all(Array.from({ length: 24 }, () => engine.run(text("select pg_sleep(0.02)"))))
    await busy()
    expect(engine.snapshot().pool.idle).toBeGreaterThan(4)
    await ask("alter system set max_connections = 7;\nalter system set superuser_reserved_connections = 3")
    const [restarted, answers] = await Promise.all([server.restart(), busy()])
    expect(restarted).toBeUndefined()
    for (const settled of [...answers, ...(await busy())]) expect(settled).toMatchObject({ ok: true })
  })

  it("another statement_timeout, which is the one that transactions keep to", async () => {
    const engine = makeEngine({ retry: { outageWaitMs: 15_000, slow: { baseMs: 20, maxMs: 100 } } })
    expect(await valueOf(engine, "show statement_timeout")).toBe("0")
    await ask("alter system set statement_timeout = '7s'")
    await server.restart()
    const lease = engine.lease()
    lease.begin({ deadline: { at: performance.now() + 60_000, limitMs: 60_000 } })
    expect(await valueOf(lease, "show statement_timeout")).toBe("7s")
    await lease.release()
  })
})

describe("a server that starts and stops (57P03)", () => {
  it("is waited for: nobody hears that it shuts down, nor that it recovers", async () => {
    const engine = makeEngine({ retry: { outageWaitMs: 15_000, slow: { baseMs: 20, maxMs: 100 } } })
    expect(await engine.run(add("before"))).toMatchObject({ ok: true })
    // Something to recover, so that the start takes its time.
    await ask("create table bulk as select generate_series(1, 300000) as n")
    await server.crash()
    const writing = Promise.all(Array.from({ length: 12 }, (_, nth) => engine.run(add(`${nth}`))))
    await server.start()
    for (const settled of await writing) expect(settled).toMatchObject({ ok: true })
    expect(await notes()).toHaveLength(13)
    await ask("drop table bulk")
  })

  it("a smart shutdown refuses new sessions while it waits for the old ones", async () => {
    const engine = makeEngine({ retry: { outageWaitMs: 300, slow: { baseMs: 20, maxMs: 100 } } })
    const holder = new pg.Client(server.url)
    holder.on("error", () => {})
    await holder.connect()
    process.kill(server.pid ?? 0, "SIGTERM")
    await pause(100)
    expect(await engine.run(add("a"))).toMatchObject({
      ok: false,
      failure: { kind: "server_starting", sqlState: "57P03", effect: "not_applied" },
    })
    await holder.end()
    await server.restart().catch(() => server.start())
    expect(await engine.run(add("b"))).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["b"])
  })
})
