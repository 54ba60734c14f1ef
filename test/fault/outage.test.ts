/** A server that cannot be reached for a while, and connections that lead nowhere: how soon callers are served again. */
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase } from "@kysely-resilient/core"
import { createEngine, type DriverEvent, type DriverOptions, type Engine } from "@kysely-resilient/driver"
import { beforeAnswer, cut, onStartup, stall, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import { ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { expectCalm } from "../support/aftermath.ts"
import { testDatabase } from "../support/databases.ts"
import { expectFigure } from "../support/figures.ts"

const database = testDatabase(import.meta.url)

let proxy: FaultProxy
let events: DriverEvent[]
let engines: Engine[]

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(() => {
  events = []
  engines = []
})

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await proxy.listen()
  for (const engine of engines) await expectCalm(engine, database)
  await Promise.all(engines.map((engine) => engine.close()))
})

function makeEngine(changes: DriverOptions = {}): Engine {
  const engine = createEngine({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 4 },
    observer: (event) => events.push(event),
    ...changes,
  })
  engines.push(engine)
  return engine
}

const text = (statement: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(statement, parameters)
const told = <N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] =>
  events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)

async function timed(work: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now()
  await work()
  return performance.now() - startedAt
}

const median = (values: readonly number[]): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

/** A busy machine needs longer for everything that takes time: four times what is aimed at. */
const SLOW_MACHINE = 4

/** From now on every connection there is swallows everything, and new ones work: a NAT has forgotten them. */
function forgetConnections(): void {
  for (const { nth } of proxy.connections) {
    proxy.rule({ when: { from: "client", message: ["Query", "Parse", "Sync"] }, do: stall(), connection: nth })
  }
}

describe("a connection that is lost while its server is there", () => {
  const GOAL_MS = 50

  it("costs a statement no more than opening another", async () => {
    const engine = makeEngine()
    const took: number[] = []
    for (let round = 0; round < 9; round += 1) {
      await engine.run(text("select 1"))
      proxy.rule({ when: beforeAnswer(/'lost'/), do: cut() })
      took.push(await timed(async () => expect(await engine.run(text("select 'lost'"))).toMatchObject({ attempts: 2 })))
    }
    expect(median(took)).toBeLessThan(SLOW_MACHINE * GOAL_MS)
  })

  it("costs a transaction no more either", async () => {
    const db = createDatabase({ connection: proxy.url(database.url), pool: { min: 0, max: 4 } })
    const took: number[] = []
    for (let round = 0; round < 9; round += 1) {
      await db.query("select 1")
      proxy.rule({ when: beforeAnswer(/'lost'/), do: cut() })
      took.push(
        await timed(async () => {
          const done = await db.transaction(async (tx) => {
            const read = await tx.query("select 'lost'")
            return read.isErr() ? read.map(() => 0) : ok(tx.attempt)
          })
          expect(done.isOk() && done.value).toBe(2)
        }),
      )
    }
    await db.close()
    expect(median(took)).toBeLessThan(SLOW_MACHINE * GOAL_MS)
  })
})

describe("a pool whose connections a NAT has forgotten", () => {
  const TIMEOUT_MS = 300
  /** On top of the time-out. */
  const GOAL_MS = 200

  it.each([1, 4, 8])("serves %i callers again soon after the first time-out", async (callers) => {
    const engine = makeEngine()
    await Promise.all(Array.from({ length: 4 }, () => engine.run(text("select pg_sleep(0.05)"))))
    forgetConnections()
    const took = await timed(() =>
      Promise.all(
        Array.from({ length: callers }, async () => {
          while (!(await engine.run(text("select 1"), { timeoutMs: TIMEOUT_MS })).ok);
        }),
      ),
    )
    expect(took).toBeLessThan(TIMEOUT_MS + SLOW_MACHINE * GOAL_MS)
  })

  it("is not emptied by a statement that is only slow", async () => {
    const engine = makeEngine()
    await Promise.all(Array.from({ length: 4 }, () => engine.run(text("select pg_sleep(0.05)"))))
    expect(await engine.run(text("select pg_sleep(30)"), { timeoutMs: 100 })).toMatchObject({ ok: false })
    expect(told("query.abandoned")).toMatchObject([{ confirmed: true }])
    expect(told("connection.discarded")).toEqual([])
  })
})

describe("a network that swallows new connections for a while", () => {
  it.each([
    ["from the first one on", false, 1_000],
    ["once there were some", true, 500],
  ])("%s, serves soon after, though those that it swallowed hang on", async (_, before, goalMs) => {
    const engine = makeEngine({ retry: { outageWaitMs: 20_000 } })
    if (before) {
      await engine.run(text("select 1"))
      // A refusal begins the outage.
      await proxy.stopListening()
      proxy.cutAll()
      const waiting = engine.run(text("select 'refused'"))
      await pause(50)
      proxy.rule({ when: onStartup, do: stall(), times: 100 })
      await proxy.listen()
      await pause(700)
      proxy.clearRules()
      const tookMs = await timed(() => waiting)
      expect(await waiting).toMatchObject({ ok: true })
      expectFigure("swallowed after a refusal: serves again after, ms", tookMs, goalMs)
    } else {
      proxy.rule({ when: onStartup, do: stall(), times: 100 })
      const waiting = engine.run(text("select 'first'"))
      await pause(300)
      proxy.clearRules()
      const tookMs = await timed(() => waiting)
      expect(await waiting).toMatchObject({ ok: true })
      expectFigure("swallowed from the first on: serves after, ms", tookMs, goalMs)
    }
  })
})

describe("a server that refuses connections for a while", () => {
  it("is an error for nobody who is willing to wait, is asked a few times, and serves again within a moment", async () => {
    const engine = makeEngine({ pool: { min: 0, max: 10 } })
    await Promise.all(Array.from({ length: 10 }, () => engine.run(text("select pg_sleep(0.05)"))))
    const answers = Promise.all(Array.from({ length: 200 }, () => engine.run(text("select pg_sleep(0.02)"))))
    await pause(30)
    await proxy.stopListening()
    proxy.cutAll()
    await pause(1_200)
    const asked = told("connection.failed").length
    await proxy.listen()
    const liftedAt = performance.now()
    while (told("connection.opened").length <= 10) await pause(1)
    expect(performance.now() - liftedAt).toBeLessThan(SLOW_MACHINE * 250)
    for (const settled of await answers) expect(settled).toMatchObject({ ok: true })
    expect(asked).toBeGreaterThan(4)
    expect(asked).toBeLessThan(20)
  })
})
