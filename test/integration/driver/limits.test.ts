import { setTimeout as pause } from "node:timers/promises"

import { createEngine, deadlineAfter, systemClock, type DriverEvent, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)
let events: DriverEvent[]
let engine: Engine
let side: pg.Client

beforeAll(async () => {
  side = new pg.Client(database.url)
  await side.connect()
  await side.query("create table if not exists notes (note text)")
})

afterAll(async () => {
  await side.end()
})

beforeEach(async () => {
  events = []
  engine = createEngine({
    connection: database.url,
    pool: { min: 0, max: 2 },
    timeouts: { cancelMs: 1_000 },
    observer: (event) => events.push(event),
  })
  await side.query("truncate notes")
})

afterEach(async () => {
  await engine.close()
})

/** Statements that somebody else runs in this database right now. */
async function active(): Promise<string[]> {
  const { rows } = await side.query<{ query: string }>(
    "select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and backend_type = 'client backend' and (state = 'active' or state like 'idle in%')",
  )
  return rows.map((row) => row.query)
}

/** What is still there when its end has had the time it may take: a ROLLBACK of ours comes behind the answer. */
async function leftover(): Promise<string[]> {
  const limitAt = performance.now() + 4 * 250
  for (;;) {
    const left = await active()
    if (left.length === 0 || performance.now() > limitAt) return left
    await pause(5)
  }
}

const notes = async (): Promise<string[]> =>
  (await side.query<{ note: string }>("select note from notes order by note")).rows.map((row) => row.note)

describe("a deadline", () => {
  it("ends a statement on the server and keeps the connection", async () => {
    const startedAt = performance.now()
    const settled = await engine.run(text("insert into notes select 'late' from pg_sleep(30)"), { timeoutMs: 200 })
    expect(settled).toMatchObject({
      ok: false,
      failure: { kind: "deadline_exceeded", effect: "not_applied", retry: "never" },
    })
    expect(performance.now() - startedAt).toBeLessThan(200 + 4 * 100)
    expect(await leftover()).toEqual([])
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: true })
    expect(events.filter((event) => event.name === "connection.discarded")).toEqual([])
    expect(await notes()).toEqual([])
  })

  it("covers the wait for a connection", async () => {
    const busy = [engine.run(text("select pg_sleep(0.6)")), engine.run(text("select pg_sleep(0.6)"))]
    const settled = await engine.run(text("insert into notes values ('x')"), { timeoutMs: 100 })
    expect(settled).toMatchObject({
      ok: false,
      attempts: 0 + 1,
      failure: { kind: "deadline_exceeded", effect: "not_applied" },
    })
    await Promise.all(busy)
    expect(await notes()).toEqual([])
  })

  it("never cancels somebody else's statement", async () => {
    const others = Promise.all(
      Array.from({ length: 40 }, (_, index) => engine.run(text(`select pg_sleep(0.0${index % 5})`))),
    )
    for (let round = 0; round < 20; round += 1) await engine.run(text("select pg_sleep(5)"), { timeoutMs: 5 + round })
    for (const settled of await others) expect(settled.ok).toBe(true)
  })
})

describe("an abort", () => {
  it("releases the caller, and the statement is gone from the server", async () => {
    const controller = new AbortController()
    const running = engine.run(text("insert into notes select 'late' from pg_sleep(30)"), { signal: controller.signal })
    while ((await active()).length === 0) await pause(5)
    const abortedAt = performance.now()
    controller.abort(new Error("enough"))
    expect(await running).toMatchObject({ ok: false, failure: { kind: "aborted", effect: "not_applied" } })
    expect(performance.now() - abortedAt).toBeLessThan(4 * 250)
    expect(await leftover()).toEqual([])
    expect(await notes()).toEqual([])
  })

  it("before anything was sent sends nothing", async () => {
    const settled = await engine.run(text("insert into notes values ('x')"), { signal: AbortSignal.abort() })
    expect(settled).toMatchObject({ ok: false, failure: { kind: "aborted", effect: "not_applied" } })
    expect(events.filter((event) => event.name === "connection.opened")).toEqual([])
  })
})

describe("a transaction with a deadline", () => {
  it("is ended when it passes, whatever its holder does", async () => {
    const lease = engine.lease()
    lease.begin({ deadline: deadlineAfter(systemClock, 200) })
    expect(await lease.run(text("insert into notes values ('never')"))).toMatchObject({ ok: true })
    expect(await active()).toHaveLength(1)
    await pause(300)
    expect(await leftover()).toEqual([])
    expect(await lease.run(text("insert into notes values ('after')"))).toMatchObject({ ok: false })
    expect(await lease.commit()).toMatchObject({
      ok: false,
      failure: { kind: "transaction_timeout", effect: "not_applied" },
    })
    await lease.release()
    expect(await notes()).toEqual([])
  })

  it("stops the statement that is running then", async () => {
    const lease = engine.lease()
    lease.begin({ deadline: deadlineAfter(systemClock, 200) })
    const settled = await lease.run(text("select pg_sleep(30)"))
    expect(settled).toMatchObject({ ok: false, failure: { kind: "deadline_exceeded" } })
    await lease.release()
    expect(await leftover()).toEqual([])
  })

  it("has the server keep it too, but never longer than the session's own limit", async () => {
    const lease = engine.lease()
    lease.begin({ deadline: deadlineAfter(systemClock, 10_000) })
    const ours = await lease.run(text("select setting::int as ms from pg_settings where name = 'statement_timeout'"))
    expect(ours.ok && (ours.value.rows[0] as { ms: number }).ms).toBeGreaterThan(9_000)
    expect(ours.ok && (ours.value.rows[0] as { ms: number }).ms).toBeLessThanOrEqual(10_000)
    await lease.rollback("caller")
    await lease.release()

    const strict = createEngine({
      connection: database.url,
      onConnect: async (session) => void (await session.query("set statement_timeout = '3s'")),
    })
    const held = strict.lease()
    held.begin({ deadline: deadlineAfter(systemClock, 10_000) })
    const theirs = await held.run(text("select setting::int as ms from pg_settings where name = 'statement_timeout'"))
    expect(theirs.ok && theirs.value.rows).toEqual([{ ms: 3_000 }])
    await held.release()
    await strict.close()
  })
})

describe("close", () => {
  it("abandons what is running, and refuses what comes after", async () => {
    const running = engine.run(text("insert into notes select 'late' from pg_sleep(30)"))
    while ((await active()).length === 0) await pause(5)
    const startedAt = performance.now()
    await engine.close()
    expect(performance.now() - startedAt).toBeLessThan(4 * 1_000)
    expect(await running).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
    expect(await engine.run(text("select 1"))).toMatchObject({ ok: false, failure: { kind: "pool_closed" } })
    expect(await leftover()).toEqual([])
    expect(await notes()).toEqual([])
  })

  it("lets running work finish when it is given the time", async () => {
    const running = engine.run(text("insert into notes select 'done' from pg_sleep(0.2)"))
    while (!(await active()).some((query) => query.includes("pg_sleep"))) await pause(5)
    await engine.close({ drainMs: 3_000 })
    expect(await running).toMatchObject({ ok: true })
    expect(await notes()).toEqual(["done"])
  })
})

describe("onConnect", () => {
  it("sets every connection up", async () => {
    const named = createEngine({
      connection: database.url,
      onConnect: async (session) =>
        void (await session.query("select set_config($1, $2, false)", ["application_name", "mine"])),
    })
    expect(await named.run(text("show application_name"))).toMatchObject({
      ok: true,
      value: { rows: [{ application_name: "mine" }] },
    })
    await named.close()
  })

  it("that fails costs the connection and never the slot", async () => {
    let calls = 0
    const failing = createEngine({
      connection: database.url,
      pool: { min: 0, max: 1 },
      onConnect: async () => {
        calls += 1
        if (calls <= 3) throw new Error("not today")
      },
    })
    for (let round = 0; round < 3; round += 1) expect(await failing.run(text("select 1"))).toMatchObject({ ok: false })
    expect(await failing.run(text("select 1"))).toMatchObject({ ok: true })
    await failing.close()
  })

  it("that hangs is given up with the time to connect", async () => {
    const hanging = createEngine({
      connection: database.url,
      pool: { min: 0, max: 1 },
      timeouts: { connectMs: 150 },
      retry: { outageWaitMs: 200 },
      onConnect: () => new Promise(() => {}),
    })
    expect(await hanging.run(text("select 1"), { timeoutMs: 2_000 })).toMatchObject({
      ok: false,
      failure: { effect: "not_applied" },
    })
    await hanging.close()
  })
})
