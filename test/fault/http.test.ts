/** What operators and callers are told over HTTP while PostgreSQL crashes and comes back. */
import { once } from "node:events"
import { createServer, type Server } from "node:http"
import type { AddressInfo } from "node:net"
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase, type Database, type ResilienceReport } from "@kysely-resilient/core"
import { respond, type LiveMessage } from "@kysely-resilient/http"
import { fetchListener } from "@kysely-resilient/http/node"
import { FACTS_SQL, factsIn } from "@kysely-resilient/http/src/live/database-facts.ts"
import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

const BASE = "/api/database-resilience"

/** What no answer may have in it: the password, what a caller wrote as a value, and what the server says of rows. */
const SECRET = "Pa55-w0rd-of-nobody"
const ROW = "ann-private@example.org"

/** An answer from memory; four times that for a busy machine. */
const ANSWER_MS = 4 * 250

let server: OwnServer
let db: Database<object>
let web: Server
let origin: string
const texts: string[] = []
let slowestMs = 0

beforeAll(async () => {
  server = await startEmbeddedPostgres()
  db = createDatabase<object>({
    connection: server.url,
    pool: { max: 4 },
    // Better times are believed sooner than a test can wait, and the window forgets nothing of a minute.
    health: { recoverAfterMs: 300, samplesMin: 1_000_000, reconnectionsMax: 1_000, failuresInARow: 3 },
    retry: { outageWaitMs: 50, slow: { baseMs: 10, maxMs: 50 } },
  })
  const setUp = await db.transaction(async (tx) => {
    const made = await tx.query("create table people (email text primary key)")
    if (made.isErr()) return made
    return tx.query("insert into people values ($1)", [ROW])
  })
  if (setUp.isErr()) throw setUp.error
  const handle = (request: Request): Promise<Response> => {
    const { pathname } = new URL(request.url)
    if (pathname === "/add") return respond(db.query(`insert into people values ('${ROW}')`))
    return respond(db.query(`select count(*)::int as n from people where email <> '${SECRET}'`))
  }
  web = createServer(fetchListener(db, handle, { expose: "full", token: SECRET, actions: [] }))
  await once(web.listen(0, "127.0.0.1"), "listening")
  origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`
})

afterAll(async () => {
  web?.closeAllConnections()
  web?.close()
  await db?.close()
  await server?.stop()
})

async function ask(path: string): Promise<{ readonly status: number; readonly body: string }> {
  const startedAt = performance.now()
  const response = await fetch(origin + path)
  const body = await response.text()
  if (path !== "/work") slowestMs = Math.max(slowestMs, performance.now() - startedAt)
  texts.push(body, JSON.stringify([...response.headers]))
  return { status: response.status, body }
}

async function report(): Promise<{ readonly status: number; readonly report: ResilienceReport }> {
  const { status, body } = await ask(BASE)
  return { status, report: JSON.parse(body) }
}

describe("while PostgreSQL crashes and comes back", () => {
  it("the endpoint says healthy, then not, then healthy again; readiness answers 200 all the time; nothing hangs, and the counters are the driver's", async () => {
    const stream = new AbortController()
    const events = readEvents(stream.signal)
    const seen: string[] = []
    const ready = new Set<number>()
    const answers = new Set<number>()
    const stop = new AbortController()
    const work = Array.from({ length: 4 }, async () => {
      while (!stop.signal.aborted) answers.add((await ask("/work")).status)
    })
    const look = (async () => {
      while (!stop.signal.aborted) {
        const now = await report()
        const { status } = now.report.resilience
        if (seen.at(-1) !== status) seen.push(status)
        expect(now.status).toBe(status === "critical" ? 503 : 200)
        ready.add((await ask("/readyz")).status)
        expect((await ask("/livez")).status).toBe(200)
        await ask(`${BASE}?format=health+json`)
        await pause(10)
      }
    })()
    await pause(300)
    expect(seen).toEqual(["healthy"])
    await server.crash()
    await pause(1_000)
    await server.start()
    const limitAt = performance.now() + 15_000
    while (seen.at(-1) !== "healthy" && performance.now() < limitAt) await pause(20)
    await pause(300)
    stop.abort()
    await Promise.all([...work, look])

    expect(seen[0]).toBe("healthy")
    expect(seen.at(-1)).toBe("healthy")
    expect(seen.some((status) => status !== "healthy")).toBe(true)
    expect([...ready]).toEqual([200])
    expect([...answers].filter((status) => status !== 200 && status !== 503)).toEqual([])
    expect(slowestMs).toBeLessThan(ANSWER_MS)

    const { metrics, pool } = db.snapshot()
    const { report: told } = await report()
    expect(told.resilience.metrics).toEqual({
      total_queries: metrics.total_queries,
      failed_queries: metrics.failed_queries,
      reconnections: metrics.reconnections,
      transaction_rollbacks: metrics.transaction_rollbacks,
      pool_resets: metrics.pool_resets,
    })
    expect(told.pool.max).toBe(pool.max)
    await pause(1_100)
    stream.abort()
    const messages = await events
    const samples = messages.filter((message) => message.type === "sample").map(({ data }) => data)
    expect(samples.at(-1)).toMatchObject({
      reconnections: metrics.reconnections,
      failed_queries: metrics.failed_queries,
    })
    expect(messages.some((message) => message.type === "event" && message.data.name === "health.changed")).toBe(true)
    console.log(
      `seen: ${seen.join(", ")}; slowest answer ${slowestMs.toFixed(0)} ms; ${metrics.failed_queries} of ${metrics.total_queries} failed at first`,
    )
  })

  it("the server tells a crash that its first process has outlived from a start", async () => {
    const facts = async () =>
      factsIn((await db.query(FACTS_SQL, [], { idempotent: true })).unwrapOr({ rows: [] }).rows[0])
    // Its own processes, which are newer after a crash, start within moments of it.
    await expect.poll(async () => (await facts())?.up_s ?? 0, { timeout: 20_000 }).toBeGreaterThan(3)
    const before = await facts()
    expect(before?.recovered_s).toBeNull()
    await server.crashBackend()
    await server.ready()
    await expect.poll(async () => (await facts())?.recovered_s, { timeout: 20_000 }).toBeLessThan(15)
    expect((await facts())?.up_s).toBeGreaterThanOrEqual(before!.up_s)
  })

  it("no answer has a password, a value, or a word of the server's about rows in it", async () => {
    expect((await ask("/add")).status).toBe(409)
    for (const path of [
      BASE,
      `${BASE}?format=health+json`,
      "/livez",
      "/readyz",
      "/startupz",
      `${BASE}/ui`,
      `${BASE}/nothing`,
    ])
      await ask(path)
    const stream = new AbortController()
    setTimeout(() => stream.abort(), 1_200)
    await readEvents(stream.signal)
    const password = new URL(server.url).password
    expect(texts.length).toBeGreaterThan(100)
    expect(password.length).toBeGreaterThan(3)
    for (const secret of [SECRET, ROW, password, server.url, "Key (email)"]) {
      expect(texts.filter((text) => text.includes(secret)).slice(0, 1), secret).toEqual([])
    }
  })

  it("readiness says draining once the database is being closed, and streams end", async () => {
    const ended = readEvents(new AbortController().signal)
    await pause(50)
    await db.close()
    expect(await ask("/readyz")).toMatchObject({ status: 503, body: expect.stringContaining("draining") })
    expect((await ended).length).toBeGreaterThan(0)
  })
})

async function readEvents(signal: AbortSignal): Promise<LiveMessage[]> {
  let text = ""
  try {
    const response = await fetch(`${origin}${BASE}/events`, { signal })
    const decoder = new TextDecoder()
    for await (const chunk of response.body ?? []) text += decoder.decode(chunk, { stream: true })
  } catch {
    // That is how it ends.
  }
  texts.push(text)
  return text.split("\n\n").flatMap((block) => {
    const [type, data] = [/^event: (.*)$/m.exec(block)?.[1], /^data: (.*)$/m.exec(block)?.[1]]
    return type === undefined || data === undefined ? [] : [{ type, data: JSON.parse(data) } as LiveMessage]
  })
}
