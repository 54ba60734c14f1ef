/** What a server does to its clients all by itself: it restarts, it is full, it waits for its standby. */
import { setTimeout as pause } from "node:timers/promises"

import { createEngine, type DriverEvent, type DriverOptions, type Engine, type Settled } from "@kysely-resilient/driver"
import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import pg from "pg"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

let server: OwnServer
let events: DriverEvent[]
let engines: Engine[]

beforeEach(() => {
  events = []
  engines = []
})

afterEach(async () => {
  await Promise.all(engines.map((engine) => engine.close()))
})

function makeEngine(changes: DriverOptions = {}): Engine {
  const engine = createEngine({
    connection: server.url,
    pool: { min: 0, max: 4 },
    timeouts: { cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 } },
    observer: (event) => events.push(event),
    ...changes,
  })
  engines.push(engine)
  return engine
}

const text = (statement: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(statement, parameters)
const told = <N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] =>
  events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)

const add = (note: string): CompiledQuery => text("insert into notes values ($1)", note)

async function pidOf(on: Engine): Promise<number> {
  const settled = await on.run(text("select pg_backend_pid() as pid"))
  if (!settled.ok) throw new Error(settled.failure.message)
  return (settled.value.rows[0] as { pid: number }).pid
}

/** Past everything under test. */
async function ask(statement: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.url)
  client.on("error", () => {})
  await client.connect()
  try {
    return (await client.query(statement)).rows
  } finally {
    await client.end()
  }
}

describe("a server whose connections are all taken (rule 10)", () => {
  const SEATS = 6
  const others: pg.Client[] = []

  beforeAll(async () => {
    const none = { superuser_reserved_connections: 0, reserved_connections: 0 }
    server = await startEmbeddedPostgres({ maxConnections: SEATS, settings: none, durable: false })
  })

  afterAll(async () => {
    await server.stop()
  })

  async function take(seats: number): Promise<void> {
    for (let nth = 0; nth < seats; nth += 1) {
      const client = new pg.Client(server.url)
      client.on("error", () => {})
      await client.connect()
      others.push(client)
    }
  }

  async function leave(): Promise<void> {
    await Promise.all(others.splice(0).map((client) => client.end()))
  }

  it("callers who can wait get their answer when one is free", async () => {
    await take(SEATS)
    const crowded = makeEngine({ pool: { min: 0, max: 4 } })
    const answers = Promise.all(Array.from({ length: 30 }, (_, nth) => crowded.run(text("select $1::int as nth", nth))))
    await pause(600)
    expect(told("connection.failed")[0]).toMatchObject({ failure: { sqlState: "53300", effect: "not_applied" } })
    await leave()
    for (const [nth, settled] of (await answers).entries()) {
      expect(settled).toMatchObject({ ok: true, attempts: 1, value: { rows: [{ nth }] } })
    }
  })

  it("the few connections that there are serve everybody, however long the others stay", async () => {
    await take(SEATS - 2)
    const crowded = makeEngine({ pool: { min: 0, max: 10 }, retry: { outageWaitMs: 100 } })
    const answers = await Promise.all(
      Array.from({ length: 60 }, (_, nth) => crowded.run(text("select $1::int as nth from pg_sleep(0.02)", nth))),
    )
    for (const settled of answers) expect(settled).toMatchObject({ ok: true, attempts: 1 })
    await leave()
  })

  it("who cannot wait so long is told what was in the way, and that nothing was done", async () => {
    await take(SEATS)
    const crowded = makeEngine({ pool: { min: 0, max: 4 } })
    expect(await crowded.run(text("select 1"), { timeoutMs: 200 })).toMatchObject({
      ok: false,
      failure: { kind: "too_many_connections", sqlState: "53300", effect: "not_applied" },
    })
    await leave()
  })
})

describe("a server that restarts (rule 10)", () => {
  beforeAll(async () => {
    server = await startEmbeddedPostgres()
    await ask("create table notes (note text); create table facts (id text primary key)")
  })

  afterAll(async () => {
    await server.stop()
  })

  it.each([
    ["at once", () => server.restart("immediate")],
    ["in order", () => server.restart("fast")],
    ["after one of its backends crashed", () => server.crashBackend()],
  ] as const)("%s: fifty callers get what they can get", async (_, restart) => {
    const stressed = makeEngine({
      pool: { min: 0, max: 8 },
      retry: { outageWaitMs: 15_000 },
    })
    const over = new AbortController()
    const failures: unknown[] = []
    const ledger = new Map<string, Settled<unknown>>()
    let answered = 0
    const caller = async (nth: number): Promise<void> => {
      for (let round = 0; !over.signal.aborted; round += 1) {
        const id = `${performance.now()}-${nth}-${round}`
        const kind = nth % 3
        const settled: Settled<unknown> = await (kind === 0
          ? stressed.run(text("select count(*) from notes"))
          : kind === 1
            ? stressed.run(text("insert into facts values ($1) on conflict do nothing", id), { idempotent: true })
            : stressed.run(add(id)))
        answered += 1
        if (kind === 2) ledger.set(id, settled)
        // Only a write that was on its way when the server went away may fail, and then nobody knows.
        if (!settled.ok && (kind !== 2 || settled.failure.effect !== "unknown")) failures.push(settled)
      }
    }
    const callers = Array.from({ length: 50 }, (_, nth) => caller(nth))
    await pause(300)
    await restart()
    await server.ready()
    const before = answered
    while (answered < before + 200) await pause(10)
    over.abort()
    await Promise.all(callers)
    expect(failures).toEqual([])

    const unknown = [...ledger.values()].filter((settled) => !settled.ok)
    expect(unknown.length, "at most one for each connection").toBeLessThanOrEqual(8)
    const held = new Map(
      (await ask("select note, count(*)::int as n from notes group by note")).map((row) => [row["note"], row["n"]]),
    )
    for (const [id, settled] of ledger) {
      if (settled.ok) expect(held.get(id)).toBe(1)
      else expect([undefined, 1]).toContain(held.get(id))
    }
  })

  it("a crash resets the pool once, however many connections it took", async () => {
    const hit = makeEngine({ pool: { min: 0, max: 6 }, retry: { outageWaitMs: 15_000 } })
    const pid = await pidOf(hit)
    const sleeping = Array.from({ length: 5 }, () => hit.run(text("select pg_sleep(2)"), { retry: false }))
    while (hit.snapshot().pool.leased < 5) await pause(5)
    await pause(100)
    await server.crashBackend(pid)
    await Promise.all(sleeping)
    await server.ready()
    expect(await hit.run(text("select 1"))).toMatchObject({ ok: true })
    expect(told("pool.reset")).toHaveLength(1)
  })
})

describe("a server whose standby does not answer", () => {
  beforeAll(async () => {
    server = await startEmbeddedPostgres({ settings: { synchronous_standby_names: "nobody" } })
    await ask("set synchronous_commit = local; create table notes (note text)")
  })

  afterAll(async () => {
    await server.stop()
  })

  async function untilItWaits(): Promise<void> {
    while ((await ask("select pid from pg_stat_activity where wait_event = 'SyncRep'")).length === 0) await pause(5)
  }

  it("keeps its COMMIT waiting: closing does not cancel that, and nobody knows how it will end", async () => {
    const engine = makeEngine()
    const lease = engine.lease()
    lease.begin({})
    await lease.run(text("insert into notes values ('a')"))
    const committing = lease.commit()
    await untilItWaits()
    await engine.close()
    expect(await committing).toMatchObject({ ok: false, failure: { kind: "pool_closed", effect: "unknown" } })
    await lease.release()
    expect(await ask("select pid from pg_stat_activity where wait_event = 'SyncRep'")).toHaveLength(1)
  })
})
