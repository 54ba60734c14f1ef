import { once } from "node:events"
import { connect } from "node:net"
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase } from "@kysely-resilient/core"
import type { RequestReport } from "@kysely-resilient/http"
import type { Client } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { frameworks, type AppDatabase, type Running } from "./frameworks.ts"

/** The goal, and four times that for a busy machine. */
const GOAL_MS = 250
const LIMIT_MS = 4 * GOAL_MS

const BASE = "/api/database-resilience"
const database = testDatabase(import.meta.url)
const took: string[] = []
let watch: Client

beforeAll(async () => {
  watch = await database.connect()
})
afterAll(() => console.log(`a statement ends after its client has gone: ${took.join(", ")}`))

async function running(tag: string): Promise<boolean> {
  const { rows } = await watch.query(
    "select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1",
    [`%${tag}%`],
  )
  return rows.length > 0
}

async function until(what: () => Promise<boolean> | boolean, limitMs = 5_000): Promise<number> {
  const startedAt = performance.now()
  while (!(await what())) {
    if (performance.now() - startedAt > limitMs) throw new Error("it did not come")
    await pause(2)
  }
  return performance.now() - startedAt
}

describe.each(Object.entries(frameworks))("%s", (name, serve) => {
  let db: AppDatabase
  let app: Running
  const reports: RequestReport[] = []

  beforeAll(async () => {
    db = createDatabase<object>({ connection: database.url, errors: { reportDropped: false }, sqlComments: true })
    app = await serve(db, {
      expose: "full",
      requests: { graceMs: 50, onReport: (report) => void reports.push(report) },
    })
  })
  afterAll(async () => {
    await app.stop()
    await db.close()
  })

  const gone = async (tag: string, init: RequestInit & { path: string }): Promise<number> => {
    const client = new AbortController()
    const asked = fetch(`${app.origin}${init.path}`, { ...init, signal: client.signal }).catch(() => "gone")
    await until(() => running(tag))
    client.abort()
    const tookMs = await until(async () => !(await running(tag)))
    expect(await asked).toBe("gone")
    return tookMs
  }

  it("ends a statement on the server when its client goes away, and gives its connection back", async () => {
    const tag = `gone-${name.replaceAll(/\W/g, "")}`
    const tookMs = await gone(tag, { path: `/slow/${tag}` })
    took.push(`${name} ${tookMs.toFixed(0)} ms`)
    expect(tookMs).toBeLessThan(LIMIT_MS)
    await until(() => db.snapshot().pool.leased === 0)
  })

  it("does so behind a body that was read first", async () => {
    const tag = `body-${name.replaceAll(/\W/g, "")}`
    const body = JSON.stringify({ text: "x".repeat(50_000) })
    const headers = { "content-type": "application/json" }
    expect(await gone(tag, { path: `/echo/${tag}`, method: "POST", body, headers })).toBeLessThan(LIMIT_MS)
  })

  it("says on the server which route a statement comes from, where the framework knows", async () => {
    const tag = name.replaceAll(/\W/g, "")
    const client = new AbortController()
    const asked = fetch(`${app.origin}/slow/routed-${tag}`, { signal: client.signal }).catch(() => {})
    const route = name.startsWith("node:http") ? undefined : encodeURIComponent("/slow/:tag")
    await until(() => running(`routed-${tag}`))
    const { rows } = await watch.query<{ query: string }>(
      "select query from pg_stat_activity where pid <> pg_backend_pid() and query like $1",
      [`%routed-${tag}%`],
    )
    const ends = `/*action='slow',db_driver='kysely-resilient'${route === undefined ? "" : `,route='${route}'`}*/`
    expect(rows.map(({ query }) => query.slice(-ends.length))).toEqual([ends])
    client.abort()
    await asked
  })

  it("answers the application's requests, and ends nothing that was sent whole", async () => {
    for (let n = 0; n < 20; n += 1) {
      const response = await fetch(`${app.origin}/quick`)
      expect([response.status, JSON.stringify(await response.json())]).toEqual([200, expect.stringContaining('"n":1')])
    }
    expect((await fetch(`${app.origin}/nothing`)).status).toBe(404)
    expect(db.report().resilience.metrics.failed_queries).toBe(0)
  })

  it("ends a transaction that a handler has left open, and says which", async () => {
    reports.length = 0
    expect((await fetch(`${app.origin}/left?token=secret`)).status).toBe(200)
    await until(() => reports.length > 0)
    expect(reports).toEqual([
      {
        method: "GET",
        path: "/left",
        leftBehind: [expect.objectContaining({ what: "transaction", label: "forgotten" })],
        repetitions: [],
      },
    ])
    await until(() => db.snapshot().pool.leased === 0)
  })

  it("answers what operators ask, whatever the application's own routes are", async () => {
    const report = await fetch(`${app.origin}${BASE}`)
    expect(report.status).toBe(200)
    expect(await report.json()).toMatchObject({ resilience: db.report().resilience, pool: { max: 20 } })
    for (const path of ["/livez", "/readyz", "/startupz"]) expect((await fetch(app.origin + path)).status).toBe(200)
    const head = await fetch(`${app.origin}${BASE}`, { method: "HEAD" })
    expect([head.status, await head.text()]).toEqual([200, ""])
    expect((await fetch(`${app.origin}${BASE}`, { method: "OPTIONS" })).headers.get("allow")).toBe("GET, HEAD, OPTIONS")
    expect((await fetch(`${app.origin}${BASE}`, { method: "DELETE" })).status).toBe(405)
  })

  it("streams events, and forgets a client that has gone", async () => {
    for (let n = 0; n < 12; n += 1) {
      const client = new AbortController()
      const stream = await fetch(`${app.origin}${BASE}/events`, { signal: client.signal })
      expect(stream.status).toBe(200)
      const { value } = await stream.body!.getReader().read()
      expect(new TextDecoder().decode(value)).toContain("retry: 2000")
      client.abort()
      await pause(5)
    }
    await until(async () => {
      const client = new AbortController()
      const streams = await Promise.all(
        Array.from({ length: 10 }, () => fetch(`${app.origin}${BASE}/events`, { signal: client.signal })),
      )
      client.abort()
      return streams.every(({ status }) => status === 200)
    })
  })

  it("survives a handler that throws after its headers were sent, and requests that nobody understands", async () => {
    const thrown = await fetch(`${app.origin}/throws`).then(
      async (response) => [response.status, await response.text().catch(() => "cut")] as const,
      () => [0, "cut"] as const,
    )
    expect(thrown[0] === 500 || thrown[1] === "cut").toBe(true)
    const target = { port: Number(new URL(app.origin).port), host: "127.0.0.1" }
    for (const head of [
      `GET http://evil.test/livez HTTP/1.1\r\nHost: evil.test\r\n\r\n`,
      `GET //evil.test/${BASE} HTTP/1.1\r\nHost: a b\r\n\r\n`,
      `TRACE ${BASE} HTTP/1.1\r\nHost: x\r\n\r\n`,
      `GET ${BASE}/%ff%zz HTTP/1.1\r\nHost: x\r\n\r\n`,
      `POST ${BASE}/ui HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\nhalf`,
      `GET ${BASE} HTTP/1.1\r\nHost: x\r\nAccept: ${"a/b;q=,".repeat(1_000)}\r\n\r\n`,
      "nonsense\r\n\r\n",
    ]) {
      const socket = connect(target)
      socket.on("error", () => {})
      await once(socket, "connect")
      socket.write(head)
      await Promise.race([once(socket, "data"), pause(100)])
      socket.destroy()
    }
    expect((await fetch(`${app.origin}/livez`)).status).toBe(200)
    expect((await fetch(`${app.origin}/quick`)).status).toBe(200)
  })
})

describe.each(["node:http, a Fetch handler", "Hono 4"])("%s, streaming", (name) => {
  it("keeps the scope of a response open while it streams, and ends its statement when the client goes", async () => {
    const db = createDatabase<object>({ connection: database.url })
    const reports: RequestReport[] = []
    const app = await frameworks[name]!(db, {
      requests: { graceMs: 0, onReport: (report) => void reports.push(report) },
    })
    try {
      const tag = `rows-${name.replaceAll(/\W/g, "")}`
      const client = new AbortController()
      const response = await fetch(`${app.origin}/rows/${tag}`, { signal: client.signal })
      const reader = response.body!.getReader()
      for (let chunk = 0; chunk < 5; chunk += 1) expect((await reader.read()).done).toBe(false)
      expect(db.snapshot().pool.leased).toBe(1)
      client.abort()
      expect(await until(async () => !(await running(tag)) && db.snapshot().pool.leased === 0)).toBeLessThan(LIMIT_MS)
      expect(reports).toEqual([])
    } finally {
      await app.stop()
      await db.close()
    }
  })
})
