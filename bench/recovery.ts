/**
 * How soon work goes on after a fault, and what callers notice of it. On demand: `node bench/recovery.ts [--storm]`.
 * Every figure is taken over many rounds on a real server; a round's clock starts when the fault is over.
 */
import { setTimeout as pause } from "node:timers/promises"

import { createEngine, type DriverEvent, type DriverOptions, type Engine } from "@kysely-resilient/driver"
import {
  beforeAnswer,
  cut,
  onStartup,
  stall,
  startEmbeddedPostgres,
  startFaultProxy,
  type FaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import pg from "pg"

import { failOver, type FailedOver } from "./failover.ts"

const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)

/** What a figure was in each round. */
export interface Figure {
  readonly name: string
  readonly values: number[]
  /** Errors that callers got and that a better client would have spared them. */
  avoidable: number
}

export interface Scene {
  readonly server: OwnServer
  readonly proxy: FaultProxy
}

type Rounds = (scene: Scene, figure: Figure, rounds: number) => Promise<void>

function engineOn(scene: Scene, changes: DriverOptions = {}): Engine {
  return createEngine({ connection: scene.proxy.url(scene.server.url), ...changes })
}

/** Callers that read one after the other, all the time. */
class Readers {
  readonly errors: unknown[] = []
  readonly #answeredAt: number[] = []
  readonly #over = new AbortController()
  readonly #running: Promise<void>[]

  constructor(engine: Engine, count: number) {
    this.#running = Array.from({ length: count }, async () => {
      while (!this.#over.signal.aborted) {
        const settled = await engine.run(text("select 1"))
        if (settled.ok) this.#answeredAt.push(performance.now())
        else {
          this.errors.push(settled)
          if (process.argv.includes("--errors")) process.stdout.write(`${JSON.stringify(settled)}\n`)
        }
        await pause(1)
      }
    })
  }

  async answerAfter(moment: number): Promise<number> {
    for (;;) {
      const first = this.#answeredAt.find((at) => at >= moment)
      if (first !== undefined) return first
      await pause(1)
    }
  }

  async end(): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#running)
  }
}

const terminated: Rounds = async (scene, figure, rounds) => {
  const engine = engineOn(scene)
  for (let round = 0; round < rounds; round += 1) {
    await engine.run(text("select 1"))
    scene.proxy.rule({ when: beforeAnswer(/'lost'/), do: cut() })
    const startedAt = performance.now()
    const settled = await engine.run(text("select 'lost'"))
    figure.values.push(performance.now() - startedAt)
    if (!settled.ok) figure.avoidable += 1
  }
  await engine.close()
}

/** Nobody listens, for less than callers are willing to wait. */
const refused: Rounds = async (scene, figure, rounds) => {
  const engine = engineOn(scene)
  const readers = new Readers(engine, 8)
  for (let round = 0; round < rounds; round += 1) {
    await pause(100)
    await scene.proxy.stopListening()
    scene.proxy.cutAll()
    await pause(200 + Math.random() * 2_000)
    await scene.proxy.listen()
    const liftedAt = performance.now()
    figure.values.push((await readers.answerAfter(liftedAt)) - liftedAt)
  }
  await readers.end()
  figure.avoidable += readers.errors.length
  await engine.close()
}

/** What is opened meanwhile hangs, and goes on hanging afterwards. */
const swallowed: Rounds = async (scene, figure, rounds) => {
  const engine = engineOn(scene)
  const readers = new Readers(engine, 8)
  for (let round = 0; round < rounds; round += 1) {
    await pause(100)
    scene.proxy.rule({ when: onStartup, do: stall(), times: 1_000 })
    scene.proxy.cutAll()
    await pause(200 + Math.random() * 2_000)
    scene.proxy.clearRules()
    const liftedAt = performance.now()
    figure.values.push((await readers.answerAfter(liftedAt)) - liftedAt)
  }
  scene.proxy.resumeAll()
  await readers.end()
  figure.avoidable += readers.errors.length
  await engine.close()
}

/** The moment at which a plain client gets its first answer. */
async function reachable(server: OwnServer): Promise<number> {
  for (;;) {
    const client = new pg.Client(server.url)
    client.on("error", () => {})
    try {
      await client.connect()
      await client.query("select 1")
      return performance.now()
    } catch {
      await pause(2)
    } finally {
      await client.end().catch(() => {})
    }
  }
}

const restarted =
  (restart: (server: OwnServer) => Promise<unknown>): Rounds =>
  async (scene, figure, rounds) => {
    const engine = createEngine({ connection: scene.server.url })
    const readers = new Readers(engine, 8)
    for (let round = 0; round < rounds; round += 1) {
      await pause(300)
      await restart(scene.server)
      const backAt = await reachable(scene.server)
      figure.values.push(Math.max(0, (await readers.answerAfter(backAt)) - backAt))
    }
    await readers.end()
    figure.avoidable += readers.errors.length
    await engine.close()
  }

/** A NAT that has forgotten four connections: they swallow everything, new ones work. Until `askers` reads in a row succeed. */
const halfOpen =
  (askers: number): Rounds =>
  async (scene, figure, rounds) => {
    for (let round = 0; round < rounds; round += 1) {
      const engine = engineOn(scene, { pool: { min: 0, max: 4 } })
      await Promise.all(Array.from({ length: 4 }, () => engine.run(text("select pg_sleep(0.05)"))))
      for (const { nth } of scene.proxy.connections) {
        scene.proxy.rule({
          when: { from: "client", message: ["Query", "Parse", "Sync"] },
          do: stall(),
          connection: nth,
        })
      }
      const startedAt = performance.now()
      await Promise.all(
        Array.from({ length: askers }, async () => {
          while (!(await engine.run(text("select 1"), { timeoutMs: 1_000 })).ok);
        }),
      )
      figure.values.push(performance.now() - startedAt)
      scene.proxy.clearRules()
      scene.proxy.resumeAll()
      await engine.close()
    }
  }

/** A thousand callers wait through half a minute without a server. */
const storm: Rounds = async (scene, figure) => {
  const failures: DriverEvent[] = []
  const observer = (event: DriverEvent): void => {
    if (event.name === "connection.failed") failures.push(event)
  }
  const engine = engineOn(scene, {
    pool: { acquireTimeoutMs: 60_000 },
    retry: { outageWaitMs: 60_000 },
    observer,
  })
  await engine.run(text("select 1"))
  await scene.proxy.stopListening()
  scene.proxy.cutAll()
  const callers = Promise.all(Array.from({ length: 1_000 }, () => engine.run(text("select 1"))))
  await pause(30_000)
  figure.values.push(failures.length)
  await scene.proxy.listen()
  for (const settled of await callers) if (!settled.ok) figure.avoidable += 1
  await engine.close()
}

/** Backends are terminated all the time; statements sent for each that was asked for. */
const amplified: Rounds = async (scene, figure, rounds) => {
  let retried = 0
  let asked = 0
  const observer = (event: DriverEvent): void => {
    if (event.name === "query.retried") retried += 1
    if (event.name === "query.succeeded" || event.name === "query.failed") asked += 1
  }
  const engine = createEngine({ connection: scene.server.url, observer })
  const readers = new Readers(engine, 16)
  const admin = new pg.Client(scene.server.url)
  await admin.connect()
  for (let round = 0; round < rounds * 2; round += 1) {
    await pause(250)
    await admin.query(
      `select pg_terminate_backend(pid) from pg_stat_activity where pid <> pg_backend_pid() and backend_type = 'client backend'`,
    )
  }
  await readers.end()
  await admin.end()
  await engine.close()
  figure.avoidable += readers.errors.length
  figure.values.push((asked + retried) / asked)
}

/** The default of `retry.outageWaitMs`. */
const OUTAGE_WAIT_MS = 5_000

/** What a fail-over came to besides how long it took. */
function counted(all: readonly FailedOver[]): string {
  const sum = (of: (one: FailedOver) => number): number => all.reduce((total, one) => total + of(one), 0)
  return (
    `answered ${sum(({ answered }) => answered)}, unknown ${sum(({ unknown }) => unknown)}, ` +
    `lost ${sum(({ lost }) => lost)}, duplicated ${sum(({ duplicated }) => duplicated)}, ` +
    `without a primary for up to ${Math.max(...all.map(({ downMs }) => downMs)).toFixed(0)} ms, ` +
    `last of the callers after up to ${Math.max(...all.map(({ lastMs }) => lastMs)).toFixed(0)} ms`
  )
}

const failedOver =
  (resolution: "xid" | "marker"): Rounds =>
  async (_, figure, rounds) => {
    const all: FailedOver[] = []
    for (let round = 0; round < rounds; round += 1) {
      const one = await failOver(resolution)
      all.push(one)
      figure.values.push(one.firstMs)
      // Whoever is told after the driver's own patience is over is told what must be told.
      const outlasted = one.downMs > OUTAGE_WAIT_MS
      if (!outlasted) figure.avoidable += one.errors.length
      if (one.errors.length > 0) {
        const found = `${one.errors.length} errors, ${outlasted ? "needed" : "avoidable"}`
        process.stdout.write(`round ${round + 1}, ${one.downMs.toFixed(0)} ms without a primary: ${found}\n`)
      }
      if (process.argv.includes("--errors")) for (const error of one.errors) process.stdout.write(`${error}\n`)
    }
    process.stdout.write(`fail-over by ${resolution}: ${counted(all)}\n`)
  }

const FIGURES: Readonly<Record<string, Rounds>> = {
  "connection lost, server there: its statement answered after, ms": terminated,
  "refused 0.2 to 2.2 s: first answer after the end, ms": refused,
  "new connections swallowed 0.2 to 2.2 s: first answer after the end, ms": swallowed,
  "restart (fast): first answer after a plain client's, ms": restarted((server) => server.restart("fast")),
  "restart (immediate): first answer after a plain client's, ms": restarted((server) => server.restart("immediate")),
  "crash of a backend: first answer after a plain client's, ms": restarted((server) => server.crashBackend()),
  "fail-over (xid): first write after the promotion, ms": failedOver("xid"),
  "fail-over (marker): first write after the promotion, ms": failedOver("marker"),
  "half-open pool of 4, one caller: serves again after, ms": halfOpen(1),
  "half-open pool of 4, four callers: serve again after, ms": halfOpen(4),
  "half-open pool of 4, eight callers: serve again after, ms": halfOpen(8),
  "all backends terminated four times a second: statements sent per statement": amplified,
}

const ROUNDS = 20

const only = process.argv.find((argument) => argument.startsWith("--only="))?.slice("--only=".length)
const server = await startEmbeddedPostgres()
const proxy = await startFaultProxy({ target: server })
const figures: [string, Rounds][] = Object.entries(FIGURES)
if (process.argv.includes("--storm")) figures.push(["30 s refused, 1,000 callers: connections tried", storm])
try {
  for (const [name, rounds] of figures.filter(([title]) => only === undefined || title.includes(only))) {
    const figure: Figure = { name, values: [], avoidable: 0 }
    await rounds({ server, proxy }, figure, ROUNDS)
    const sorted = figure.values.toSorted((a, b) => a - b)
    const at = (share: number): string =>
      (sorted[Math.ceil(share * sorted.length) - 1] ?? Number.NaN).toFixed(sorted[0]! < 10 ? 2 : 0)
    process.stdout.write(
      `${name.padEnd(74)} median ${at(0.5)}  p95 ${at(0.95)}  max ${at(1)}  (${sorted.length}); avoidable errors ${figure.avoidable}\n`,
    )
  }
} finally {
  await proxy.close()
  await server.stop()
}
