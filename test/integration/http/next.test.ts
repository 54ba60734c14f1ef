import { spawn, type ChildProcess } from "node:child_process"
import { once } from "node:events"
import { rmSync } from "node:fs"
import { resolve } from "node:path"
import { setTimeout as pause } from "node:timers/promises"

import type { Client } from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

/** The goal, and four times that for a busy machine. */
const LIMIT_MS = 4 * 250

const BASE = "/api/database-resilience"
const folder = resolve(import.meta.dirname, "fixtures/next-app")
const database = testDatabase(import.meta.url)
let child: ChildProcess
let origin: string
let said = ""
let watch: Client

beforeAll(async () => {
  watch = await database.connect()
  child = spawn(process.execPath, [resolve(folder, "serve.mjs")], {
    env: { ...process.env, DATABASE_URL: database.url, NODE_ENV: "development", NEXT_TELEMETRY_DISABLED: "1" },
    stdio: ["ignore", "pipe", "inherit"],
  })
  child.stdout?.on("data", (chunk) => {
    said += String(chunk)
  })
  await until(() => said.includes("serving"), 30_000)
  origin = `http://127.0.0.1:${/"port":(\d+)/.exec(said)?.[1]}`
  // Each route is compiled when it is asked for first.
  await Promise.all(["/work/quick", "/work/left", `${BASE}/livez`].map((path) => fetch(origin + path)))
})

afterAll(async () => {
  const exit = once(child, "exit")
  child.kill("SIGTERM")
  await exit
  rmSync(resolve(folder, ".next"), { recursive: true, force: true })
})

async function until(what: () => Promise<boolean> | boolean, limitMs = 10_000): Promise<number> {
  const startedAt = performance.now()
  while (!(await what())) {
    if (performance.now() - startedAt > limitMs) throw new Error(`it did not come; ${said}`)
    await pause(2)
  }
  return performance.now() - startedAt
}

async function running(tag: string): Promise<boolean> {
  const { rows } = await watch.query(
    "select 1 from pg_stat_activity where state = 'active' and pid <> pg_backend_pid() and query like $1",
    [`%${tag}%`],
  )
  return rows.length > 0
}

describe("Next route handlers", () => {
  it.each([
    ["GET", {}],
    ["POST", { method: "POST", body: JSON.stringify({ text: "x".repeat(50_000) }) }],
  ])("end a statement on the server when the client of a %s goes away", async (method, init) => {
    const tag = `next-${method}`
    const client = new AbortController()
    const asked = fetch(`${origin}/work/slow/${tag}`, { ...init, signal: client.signal }).catch(() => "gone")
    await until(() => running(tag))
    client.abort()
    const tookMs = await until(async () => !(await running(tag)))
    expect(await asked).toBe("gone")
    console.log(`Next, ${method}: a statement ends ${tookMs.toFixed(0)} ms after its client has gone`)
    expect(tookMs).toBeLessThan(LIMIT_MS)
  })

  it("answer, and end a transaction that they have left open, and say which", async () => {
    const quick = await fetch(`${origin}/work/quick`)
    expect([quick.status, await quick.json()]).toMatchObject([200, { rows: [{ n: 1 }] }])
    await until(() => /report \{.*"path":"\/work\/left".*"label":"forgotten"/.test(said))
  })

  it("answer what operators ask, below one path", async () => {
    expect(await (await fetch(origin + BASE)).json()).toMatchObject({ resilience: { pool_size: 20 } })
    for (const path of ["livez", "readyz", "startupz"])
      expect((await fetch(`${origin}${BASE}/${path}`)).status).toBe(200)
    expect((await fetch(`${origin}${BASE}`, { method: "HEAD" })).status).toBe(200)
    expect((await fetch(`${origin}${BASE}/ui`)).headers.get("content-security-policy")).toContain("script-src 'nonce-")
    const client = new AbortController()
    const stream = await fetch(`${origin}${BASE}/events`, { signal: client.signal })
    const { value } = await stream.body!.getReader().read()
    expect(new TextDecoder().decode(value)).toContain("retry: 2000")
    client.abort()
  })
})
