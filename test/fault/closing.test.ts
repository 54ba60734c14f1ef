import {
  afterStatementIsSent,
  beforeCommitReachesServer,
  cut,
  onStartup,
  stall,
  startFaultProxy,
} from "@kysely-resilient/testing"
import type { FaultProxy, Rule } from "@kysely-resilient/testing"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"
import { expectFigure } from "../support/figures.ts"
import { runScript } from "../support/script.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let proxy: FaultProxy

beforeEach(async () => {
  const { hostname, port } = new URL(database.url)
  proxy = await startFaultProxy({ target: { host: hostname, port: Number(port) } })
})

afterEach(async () => {
  await proxy.close()
})

/**
 * A program that brings itself into trouble, closes, and must then end by itself: it says how long `close` took, how long
 * after it the last socket and timer were gone, and what is left of its own listeners.
 */
const script = (trouble: string, close: string): string => `
import { getEventListeners } from "node:events"
import { setTimeout as pause } from "node:timers/promises"
import { createEngine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"

const retried = []
const engine = createEngine({
  connection: process.env.URL,
  pool: { min: 2, max: 3 },
  timeouts: { connectMs: 2_000, heldTooLongMs: 60_000 },
  onConnect: process.env.HANGS === undefined ? undefined : () => new Promise(() => {}),
  observer: ({ name }) => name === "query.retried" && retried.push(name),
})
const { signal } = new AbortController()
const results = []
const run = (sql, options) => void engine.run(text(sql), { signal, timeoutMs: 60_000, ...options }).then((one) => results.push(one))
${trouble}
const startedAt = performance.now()
await engine.close(${close})
const closedAt = performance.now()
const late = await engine.run(text("select 1"))
// Read before they are looked at: a poll by a timer would be one of them.
const left = () => process.getActiveResourcesInfo().filter((name) => /Timeout|TCP|TLS|GetAddrInfo/.test(name))
while (left().length > 0 && performance.now() - closedAt < 5_000) await new Promise((resolve) => setImmediate(resolve))
console.log(JSON.stringify({
  closeMs: closedAt - startedAt,
  goneMs: performance.now() - closedAt,
  left: left(),
  listeners: getEventListeners(signal, "abort").length,
  late: late.ok ? "ran" : late.failure.kind,
  settled: results.map((one) => (one.ok ? "ok" : one.failure.kind)),
}))
`

interface Report {
  readonly closeMs: number
  readonly goneMs: number
  readonly left: readonly string[]
  readonly listeners: number
  readonly late: string
  readonly settled: readonly string[]
}

async function closing(
  trouble: string,
  { close = "", hangs = false }: { readonly close?: string; readonly hangs?: boolean } = {},
): Promise<Report> {
  const environment = { URL: proxy.url(database.url), ...(hangs && { HANGS: "1" }) }
  const ended = await runScript(script(trouble, close), environment)
  expect(ended, ended.output).toMatchObject({ code: 0 })
  return JSON.parse(ended.output)
}

const HELD = `
const lease = engine.lease()
lease.begin({ deadline: { at: performance.now() + 60_000, limitMs: 60_000 } })
await lease.run(text("insert into notes values ('held')"))
`

describe("after close a process ends by itself, whatever was going on", () => {
  it.each<[what: string, trouble: string, rules: readonly Rule[], hangs?: boolean]>([
    ["nothing at all", "", []],
    ["queries that are done", `run("select 1"); run("select 2"); await pause(200)`, []],
    ["a connection that is being opened", `run("select 1")`, [{ when: onStartup, do: stall() }]],
    ["a connection that onConnect holds up", `run("select 1"); await pause(200)`, [], true],
    [
      "a query that is running, and some in line",
      `for (let n = 0; n < 9; n += 1) run("select pg_sleep(60)"); await pause(300)`,
      [],
    ],
    [
      "a query in a black hole",
      `run("select 'hole'"); await pause(300)`,
      [{ when: afterStatementIsSent(/hole/), do: stall() }],
    ],
    [
      "a query that was cut, in its back-off",
      `run("select 'cut'"); await pause(100)`,
      [{ when: afterStatementIsSent(/cut/), do: cut(), times: 5 }],
    ],
    ["a transaction whose callback does nothing", HELD, []],
    [
      "a COMMIT in a black hole",
      `${HELD}; void lease.commit(); await pause(300)`,
      [{ when: beforeCommitReachesServer, do: stall() }],
    ],
    [
      "a stream that nobody reads on",
      `
      const rows = engine.stream(text("select * from generate_series(1, 10000)"), 10)[Symbol.asyncIterator]()
      await rows.next()`,
      [],
    ],
    [
      "a session that is being reset",
      `run("set work_mem = '7MB'"); await pause(200)`,
      [{ when: afterStatementIsSent(/^close all/), do: stall() }],
    ],
  ])("%s", async (what, trouble, rules, hangs = false) => {
    for (const rule of rules) proxy.rule(rule)
    const report = await closing(trouble, { hangs })
    expect(report).toMatchObject({ left: [], listeners: 0, late: "pool_closed" })
    expectFigure(`close at once, ms: ${what}`, report.closeMs, 1_500)
    expectFigure(`the last socket and timer after that, ms: ${what}`, report.goneMs, 1_100)
  })

  it("an outage", async () => {
    await proxy.close()
    const report = await closing(`run("select 1"); run("select 2"); await pause(300)`)
    expect(report).toMatchObject({
      left: [],
      listeners: 0,
      late: "pool_closed",
      settled: ["pool_closed", "pool_closed"],
    })
    expectFigure("close at once, ms: an outage", report.closeMs, 1_500)
  })

  it("idle connections in a black hole", async () => {
    const rule = proxy.rule({ when: afterStatementIsSent(/last/), do: stall() })
    const report = await closing(
      `run("select 1"); await pause(200); run("select 'last'", { timeoutMs: 100 }); await pause(1_500)`,
    )
    rule.release()
    expect(report).toMatchObject({ left: [], listeners: 0 })
    expectFigure("close at once, ms: idle connections in a black hole", report.closeMs, 1_500)
  })
})

describe("a callback that never returns", () => {
  const never = (operation: string): string => `
import { createDatabase } from "@kysely-resilient/core"
const db = createDatabase({ connection: process.env.URL, pool: { min: 0 }, retry: { outageWaitMs: 60_000 } })
const running = ${operation}
await new Promise((resolve) => setTimeout(resolve, 300))
await db.close()
const result = await running
console.log(result.isErr() ? result.error.kind + " " + result.error.effect : "ok")
`

  it.each([
    [
      "of a transaction that holds a connection",
      "db.transaction(async (tx) => { await tx.query('select 1'); await new Promise(() => {}) })",
      "pool_closed not_applied",
    ],
    ["of a transaction that holds none", "db.transaction(() => new Promise(() => {}))", "pool_closed not_applied"],
    ["of withConnection", "db.withConnection(() => new Promise(() => {}))", "pool_closed unknown"],
  ])("%s: its caller is answered when the database is closed, and the process ends", async (_, operation, said) => {
    const ended = await runScript(never(operation), { URL: proxy.url(database.url) })
    expect(ended).toMatchObject({ code: 0, output: `${said}\n` })
    expect(ended.tookMs).toBeLessThan(4 * 2_500)
  })
})

describe("close({ drainMs })", () => {
  it("lets statements and transactions finish, and refuses new ones meanwhile", async () => {
    const report = await closing(
      `${HELD}
      run("select pg_sleep(0.3)")
      while (engine.snapshot().pool.leased < 2) await pause(5)
      setTimeout(async () => {
        run("select 'too late'")
        await lease.run(text("insert into notes values ('drained')"))
        results.push(await lease.commit())
        await lease.release()
      }, 200)`,
      { close: "{ drainMs: 3_000 }" },
    )
    expect(report).toMatchObject({ left: [], listeners: 0, settled: ["pool_closed", "ok", "ok"] })
    expect(await database.ask("select note from notes where note = 'drained'")).toHaveLength(1)
    expectFigure("close that drains for 300 ms, ms", report.closeMs, 3_000)
  })

  it("serves whoever stands in line when it begins: alone, in a transaction, on a lease", async () => {
    const report = await closing(
      `const all = [1, 2, 3].map(() => engine.lease())
      for (const one of all) await one.run(text("select 1"))
      const line = engine.lease()
      line.begin({})
      void line.run(text("insert into notes values ('in line')")).then(async (ran) => {
        results.push(ran, await line.run(text("insert into notes values ('in line')")), await line.commit())
        await line.release()
      })
      run("insert into notes values ('in line')")
      run("select note from notes where false")
      void all[0].run(text("select pg_sleep(0.2)")).then((ran) => results.push(ran))
      void all[0].run(text("select 'behind it'")).then((ran) => results.push(ran))
      await pause(100)
      setTimeout(async () => { for (const one of all) await one.release() }, 200)`,
      { close: "{ drainMs: 3_000 }" },
    )
    expect(report).toMatchObject({ left: [], listeners: 0, late: "pool_closed" })
    expect(report.settled).toEqual(Array.from({ length: 7 }, () => "ok"))
    expect(await database.ask("select note from notes where note = 'in line'")).toHaveLength(3)
    expectFigure("close that serves a line for 300 ms, ms", report.closeMs, 3_000)
  })

  it("waits for what has only begun to connect", async () => {
    const report = await closing(`run("insert into notes values ('first')")`, { close: "{ drainMs: 3_000 }" })
    expect(report).toMatchObject({ left: [], listeners: 0, settled: ["ok"], late: "pool_closed" })
  })

  it("tries again a statement that fails meanwhile", async () => {
    proxy.rule({ when: afterStatementIsSent(/meanwhile/), do: cut() })
    const report = await closing(`run("select 'meanwhile'"); while (retried.length === 0) await pause(1)`, {
      close: "{ drainMs: 5_000 }",
    })
    expect(report).toMatchObject({ left: [], listeners: 0, settled: ["ok"], late: "pool_closed" })
  })

  it("runs again a transaction that fails meanwhile", async () => {
    proxy.rule({ when: afterStatementIsSent(/meanwhile/), do: cut() })
    const ended = await runScript(
      `
import { createDatabase } from "@kysely-resilient/core"
const db = createDatabase({ connection: process.env.URL, pool: { min: 0, max: 4 } })
let runs = 0
const work = db.transaction(async (tx) => {
  runs += 1
  const one = await tx.query("select pg_sleep(0.1)")
  return one.isErr() ? one : tx.query("insert into notes values ('meanwhile')")
})
while (db.snapshot().pool.leased < 1) await new Promise((resolve) => setTimeout(resolve, 5))
await db.close({ drainMs: 5_000 })
const told = await work
console.log(told.isErr() ? told.error.kind : "ok", runs)
`,
      { URL: proxy.url(database.url) },
    )
    expect(ended).toMatchObject({ code: 0, output: "ok 2\n" })
    expect(await database.ask("select note from notes where note = 'meanwhile'")).toHaveLength(1)
  })

  it("tells whoever is left when its time is up that it was closed and nothing was applied", async () => {
    const report = await closing(
      `const held = engine.lease()
      held.begin({})
      await held.run(text("select 1"))
      void held.run(text("select pg_sleep(60)")).then((ran) => results.push(ran))
      void held.run(text("insert into notes values ('left')")).then((ran) => results.push(ran))
      for (const sql of ["select pg_sleep(61)", "select pg_sleep(62)"]) run(sql)
      run("insert into notes values ('left')")
      await pause(200)`,
      { close: "{ drainMs: 300 }" },
    )
    expect(report).toMatchObject({ left: [], listeners: 0, late: "pool_closed" })
    expect(report.settled).toEqual(Array.from({ length: 5 }, () => "pool_closed"))
    expect(await database.ask("select note from notes where note = 'left'")).toEqual([])
    expectFigure("hard stop with a line after 300 ms of draining, ms", report.closeMs - 300, 1_500)
  })

  it("is over when its time is, in a black hole too", async () => {
    proxy.rule({ when: afterStatementIsSent(/hole/), do: stall() })
    const report = await closing(`await engine.run(text("select 1")); run("select 'hole'"); await pause(200)`, {
      close: "{ drainMs: 300 }",
    })
    expect(report).toMatchObject({ left: [], listeners: 0 })
    expect(report.closeMs).toBeGreaterThan(290)
    expectFigure("hard stop after 300 ms of draining, ms", report.closeMs - 300, 1_500)
  })
})
