import { setTimeout as pause } from "node:timers/promises"

import { createDatabase } from "@kysely-resilient/core"
import { createEngine, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { afterStatementIsSent, cut, stall, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import { Kysely, sql } from "kysely"
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest"

import { expectCalm } from "../support/aftermath.ts"
import { testDatabase } from "../support/databases.ts"
import { expectFigure } from "../support/figures.ts"
import { errorOf } from "../support/results.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let proxy: FaultProxy
let engine: Engine

beforeAll(async () => {
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

afterAll(async () => {
  await proxy.close()
})

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await expectCalm(engine, database)
  await engine.close()
})

function start(max: number, url: string = proxy.url(database.url)): void {
  engine = createEngine({
    connection: url,
    pool: { min: 0, max },
    timeouts: { connectMs: 500, cancelMs: 400 },
    retry: { slow: { baseMs: 20, maxMs: 100 } },
  })
}

/** The same every time: a Lehmer generator. */
function seeded(seed: number): () => number {
  let state = seed
  return () => (state = (state * 48_271) % 2_147_483_647) / 2_147_483_647
}

const quantile = (values: readonly number[], share: number): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length * share)] ?? 0

const max = (values: readonly number[]): number => values.reduce((most, value) => Math.max(most, value), 0)

describe("a storm of aborts", () => {
  const VICTIMS = 150
  const AT_ONCE = 15

  it("releases every caller at once, leaves nothing running on the server, and hits nobody else", async () => {
    // Past the proxy: what is measured is the driver's own.
    start(20, database.url)
    await Promise.all(Array.from({ length: 20 }, () => engine.run(text("select pg_sleep(0.05)"))))
    const random = seeded(20_261_128)
    let over = false

    const others: string[] = []
    const innocent = async (): Promise<void> => {
      while (!over) {
        const settled = await engine.run(text("insert into notes select 'innocent' from pg_sleep(0.02)"))
        others.push(settled.ok ? "ok" : settled.failure.kind)
      }
    }

    const abortedAt = new Map<number, number>()
    const gone: number[] = []
    const watcher = await database.connect()
    const watch = async (): Promise<void> => {
      while (!over || abortedAt.size > 0) {
        const { rows } = await watcher.query<{ victim: number }>(
          `select substring(query from 'victim (\\d+)')::int as victim from pg_stat_activity
           where datname = current_database() and state = 'active' and query like 'select ''victim%'`,
        )
        const active = new Set(rows.map(({ victim }) => victim))
        for (const [victim, at] of abortedAt) {
          if (active.has(victim)) continue
          abortedAt.delete(victim)
          gone.push(performance.now() - at)
        }
        await pause(2)
      }
    }

    const released: number[] = []
    const kinds: string[] = []
    let next = 0
    const victims = async (): Promise<void> => {
      while (next < VICTIMS) {
        const victim = (next += 1)
        const controller = new AbortController()
        const running = engine.run(text(`select 'victim ${victim}', pg_sleep(20)`), { signal: controller.signal })
        await pause(random() * 60)
        const at = performance.now()
        controller.abort()
        const settled = await running
        released.push(performance.now() - at)
        abortedAt.set(victim, at)
        kinds.push(settled.ok ? "ok" : settled.failure.kind)
      }
    }

    const watching = watch()
    const background = Promise.all(Array.from({ length: 4 }, innocent))
    await Promise.all(Array.from({ length: AT_ONCE }, victims))
    over = true
    await Promise.all([background, watching])

    expect(new Set(kinds)).toEqual(new Set(["aborted"]))
    expect(new Set(others)).toEqual(new Set(["ok"]))
    expect(await database.ask("select count(*)::int as n from notes where note = 'innocent'")).toEqual([
      { n: others.length },
    ])
    expect(gone).toHaveLength(VICTIMS)
    expectFigure("abort: caller released after, ms (95 of 100)", quantile(released, 0.95), 50)
    // He is told by the server's own answer, hence not long after the end there.
    expectFigure("abort: caller released after, ms (worst of 150)", max(released), 250)
    expectFigure("abort: gone from the server after, ms (worst of 150)", max(gone), 250)
    expectFigure("abort: others cancelled", others.filter((other) => other !== "ok").length, 0)
  })
})

describe("after poison and faults of all kinds", () => {
  const STATE = `select pg_backend_pid() as pid, current_user = session_user as own, pg_sleep(0.05)::text as slept,
    nullif(current_setting('app.poison', true), '') as setting, current_setting('work_mem') as memory,
    (select count(*)::int from pg_listening_channels()) as channels,
    (select count(*)::int from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()) as locks,
    (select count(*)::int from pg_class where relnamespace = pg_my_temp_schema()) as temporary,
    (select count(*)::int from pg_prepared_statements) as prepared`

  const poison = (n: number): string =>
    [
      "set app.poison = '1'",
      "set work_mem = '7MB'; listen poison",
      `select pg_advisory_lock_shared(${n})`,
      "create temp table poison (n int)",
      "prepare poison as select 1",
      "begin; set app.poison = '2'; select pg_advisory_lock_shared(1)",
    ][n % 6]!

  it.each([
    ["a cut", () => proxy.rule({ when: afterStatementIsSent(/'fault'/), do: cut() })],
    ["a black hole", () => proxy.rule({ when: afterStatementIsSent(/'fault'/), do: stall() })],
    [
      "a killed backend",
      () =>
        void database.ask(
          "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and query like 'select ''fault%'",
        ),
    ],
    ["an abort", () => {}],
  ])("%s: the whole pool is there again, and clean", async (_, strike) => {
    start(5)
    await Promise.all(
      Array.from({ length: 30 }, async (__, n) => {
        const lease = engine.lease()
        await lease.run(text(poison(n)))
        if (n % 3 === 0) {
          const running = lease.run(text("select 'fault', pg_sleep(0.2)"), {
            timeoutMs: 300,
            signal: AbortSignal.timeout(100),
          })
          if (n % 6 === 0) strike()
          await running
        }
        await lease.release()
      }),
    )
    proxy.clearRules()
    proxy.resumeAll()
    const startedAt = performance.now()
    const leases = Array.from({ length: 5 }, () => engine.lease())
    const states = await Promise.all(leases.map((lease) => lease.run(text(STATE))))
    expectFigure("the whole pool clean again after, ms", performance.now() - startedAt, 1_000)
    await Promise.all(leases.map((lease) => lease.release()))
    const rows = states.flatMap((settled) => (settled.ok ? settled.value.rows : [settled.failure.message]))
    const clean = { own: true, setting: null, memory: "4MB", channels: 0, locks: 0, temporary: 0, prepared: 0 }
    expect(rows).toMatchObject([clean, clean, clean, clean, clean])
    expect(new Set(rows.map((row) => Reflect.get(Object(row), "pid"))).size).toBe(5)
  })
})

describe("transactions whose callbacks never return", () => {
  const DEADLINE_MS = 200
  const WAITING = 20

  async function servedAfterDeadline(begin: () => Promise<unknown>, ask: () => Promise<unknown>): Promise<number> {
    const held = Promise.all([begin(), begin()])
    await pause(100)
    const startedAt = performance.now()
    await Promise.all(Array.from({ length: WAITING }, ask))
    void held
    return performance.now() - startedAt - (DEADLINE_MS - 100)
  }

  it("end at their deadline with createDatabase, and others are served", async () => {
    start(1)
    const db = createDatabase({ connection: database.url, pool: { min: 0, max: 2 } })
    const begin = async (): Promise<unknown> =>
      errorOf(
        await db.transaction(
          async (tx) => {
            await tx.query("insert into notes values ('held')")
            return new Promise<never>(() => {})
          },
          { timeoutMs: DEADLINE_MS },
        ),
      )
    const tookMs = await servedAfterDeadline(begin, async () => db.query("select 1"))
    expectFigure("deadline: others served after, ms (createDatabase)", tookMs, 1_000)
    expect(await database.ask("select 1 from notes where note = 'held'")).toEqual([])
    await db.close()
  })

  it("end at timeouts.transactionMs with Kysely, and others are served", async () => {
    engine = createEngine({
      connection: database.url,
      pool: { min: 0, max: 2 },
      timeouts: { transactionMs: DEADLINE_MS },
    })
    const db = new Kysely<object>({ dialect: engine.dialect() })
    const begin = (): Promise<unknown> =>
      db.transaction().execute(async (trx) => {
        await sql`insert into notes values ('held')`.execute(trx)
        return new Promise<never>(() => {})
      })
    const tookMs = await servedAfterDeadline(begin, () => sql`select 1`.execute(db))
    expectFigure("deadline: others served after, ms (Kysely)", tookMs, 1_000)
    expect(await database.ask("select 1 from notes where note = 'held'")).toEqual([])
  })
})
