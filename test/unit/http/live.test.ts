import type { DriverEvent } from "@kysely-resilient/driver"
import type { LiveMessage } from "@kysely-resilient/http"
import { LiveAudience } from "@kysely-resilient/http/src/live/audience.ts"
import { describe, expect, it } from "vitest"

import { garbageIsCollected } from "../../support/garbage.ts"
import { lost, settled, site, type Site } from "./support.ts"

const BASE = "/api/database-resilience"
const development = { env: { NODE_ENV: "development" } }

/** Reads what a stream has at this moment, and leaves it open. */
class Watcher {
  readonly #reader: ReadableStreamDefaultReader<Uint8Array>
  text = ""

  constructor(response: Response) {
    this.#reader = response.body!.getReader()
    void this.#read()
  }

  async #read(): Promise<void> {
    try {
      for (let next = await this.#reader.read(); !next.done; next = await this.#reader.read()) {
        this.text += new TextDecoder().decode(next.value)
      }
      this.text += "(end)"
    } catch {
      this.text += "(dropped)"
    }
  }

  leave(): Promise<void> {
    return this.#reader.cancel()
  }

  /** The messages, with their ids. */
  get messages(): (LiveMessage & { readonly id: string | undefined })[] {
    return this.text.split("\n\n").flatMap((block) => {
      const [type, data] = [/^event: (.*)$/m.exec(block)?.[1], /^data: (.*)$/m.exec(block)?.[1]]
      if (type === undefined || data === undefined) return []
      return [{ type, data: JSON.parse(data), id: /^id: (.*)$/m.exec(block)?.[1] } as LiveMessage & { id: undefined }]
    })
  }

  of<T extends LiveMessage["type"]>(type: T): Extract<LiveMessage, { type: T }>["data"][] {
    return this.messages.filter((message) => message.type === type).map(({ data }) => data) as never
  }
}

async function watch({ get, clock }: Site, headers: Record<string, string> = {}): Promise<Watcher> {
  const watcher = new Watcher(await get(`${BASE}/events`, headers))
  await clock.settle()
  return watcher
}

describe("the event stream", () => {
  it("says who speaks and how things are, then a sample a second with the report's numbers", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    expect(watcher.text).toMatch(/^retry: 2000\n\nevent: hello\ndata: \{"instance":"abc"/)
    expect(watcher.messages.map(({ type }) => type)).toEqual(["hello", "report", "connections", "queries"])
    await made.clock.advance(3_000)
    const samples = watcher.of("sample")
    expect(samples).toHaveLength(3)
    const { resilience, pool } = made.db.report()
    expect(samples[2]).toMatchObject({
      ...resilience.metrics,
      status: resilience.status,
      pool: { max: pool.max, idle: pool.idle, used: pool.used },
    })
    expect(watcher.messages.filter(({ id }) => id !== undefined).map(({ id }) => id)).toEqual([
      "abc-1",
      "abc-2",
      "abc-3",
    ])
  })

  it("goes on where a client was, and starts again for one that was never here", async () => {
    const made = site({}, development)
    await made.clock.advance(5_000)
    const idsFor = async (id: string) => {
      const watcher = await watch(made, { "last-event-id": id })
      const ids = watcher.messages.flatMap((message) => message.id ?? [])
      await watcher.leave()
      return ids.map((one) => Number(one.slice(4)))
    }
    expect(await idsFor("abc-3")).toEqual([4, 5])
    expect(await idsFor("abc-5")).toEqual([])
    const all = [1, 2, 3, 4, 5]
    for (const id of [
      "",
      "abc-6",
      "abc-99999999999999999999",
      "xyz-3",
      "abc--1",
      "abc-1e3",
      "abc-",
      "9".repeat(5_000),
    ]) {
      expect(await idsFor(id), id.slice(0, 20)).toEqual(all)
    }
    const byQuery = new Watcher(await made.get(`${BASE}/events?after=abc-4`))
    await made.clock.settle()
    expect(byQuery.messages.flatMap((message) => message.id ?? [])).toEqual(["abc-5"])
  })

  it("remembers 15 minutes", async () => {
    const made = site({}, development)
    await made.clock.advance(16 * 60_000)
    const samples = (await watch(made)).of("sample")
    expect(samples.length).toBeGreaterThan(895)
    expect(samples.length).toBeLessThan(906)
  })

  it("lets ten in, and the eleventh when one has gone", async () => {
    const made = site({}, development)
    const watchers = []
    for (let client = 1; client <= 10; client += 1) watchers.push(await watch(made))
    const refused = await made.get(`${BASE}/events`)
    expect([refused.status, refused.headers.get("retry-after")]).toEqual([503, "10"])
    await watchers[4]!.leave()
    expect((await made.get(`${BASE}/events`)).status).toBe(200)
    const streams = (await made.get(`${BASE}/events`)).status
    expect(streams).toBe(503)
  })

  it("tells a hundred clients the same, and lets go of all of them; of a hundred it refuses ninety by default", async () => {
    const made = site({ streamClientsMax: 100 }, development)
    const clients = Array.from({ length: 100 }, () => new AbortController())
    const ask = (signal: AbortSignal) => made.handler(new Request(`http://app.test${BASE}/events`, { signal }))
    const watchers = []
    for (const { signal } of clients) watchers.push(new Watcher(await ask(signal)))
    await made.clock.advance(3_000)
    expect(new Set(watchers.map(({ text }) => text)).size).toBe(1)
    expect(watchers[0]?.of("sample")).toHaveLength(3)
    for (const client of clients) client.abort()
    const again = await Promise.all(clients.map(() => ask(new AbortController().signal)))
    expect(again.every(({ status }) => status === 200)).toBe(true)

    const usual = site({}, development)
    const asked = await Promise.all(clients.map(() => usual.get(`${BASE}/events`)))
    expect(asked.filter(({ status }) => status === 503)).toHaveLength(90)
  })

  it("frees the place of a client whose request is aborted, even before it has read", async () => {
    const made = site({ streamClientsMax: 1 }, development)
    const ask = (signal: AbortSignal) => made.handler(new Request(`http://app.test${BASE}/events`, { signal }))
    for (let client = 1; client <= 20; client += 1) {
      const gone = new AbortController()
      expect((await ask(gone.signal)).status).toBe(200)
      gone.abort()
    }
    expect((await ask(AbortSignal.abort())).status).toBe(200)
    expect((await ask(new AbortController().signal)).status).toBe(200)
    expect((await ask(new AbortController().signal)).status).toBe(503)
  })

  it("frees the place of a client who goes after his Request has been collected as garbage", async () => {
    const made = site({ streamClientsMax: 20 }, development)
    const clients = Array.from({ length: 20 }, () => new AbortController())
    const ask = (signal: AbortSignal) => made.handler(new Request(`http://app.test${BASE}/events`, { signal }))
    for (const { signal } of clients) expect((await ask(signal)).status).toBe(200)
    await garbageIsCollected()
    for (const client of clients) client.abort()
    for (const _ of clients) expect((await ask(new AbortController().signal)).status).toBe(200)
  })

  it("has a heartbeat, a type that proxies do not collect, and no body for HEAD, which takes no place", async () => {
    const made = site({ streamClientsMax: 1 }, development)
    const head = await made.get(`${BASE}/events`, {}, "HEAD")
    expect([head.status, head.headers.get("content-type")]).toEqual([200, "text/event-stream; charset=utf-8"])
    const watcher = await watch(made)
    await made.clock.advance(16_000)
    expect(watcher.text.match(/^: $/gm)).toHaveLength(1)
  })

  it("drops a client that does not read, and the others notice nothing", async () => {
    const audience = new LiveAudience(10, 1_000)
    const slow = audience.join([], undefined)
    const quick = new Watcher(new Response(audience.join([], undefined)))
    for (let sent = 1; sent <= 21; sent += 1) {
      audience.send(new Uint8Array(100).fill(97))
      await new Promise(setImmediate)
    }
    await expect(slow.getReader().read()).rejects.toThrow(/too slowly/)
    expect(quick.text).toBe("a".repeat(2_100))
    expect(audience.size).toBe(1)
  })

  it("is cut for a client that has not read all of it, and ends for the others", async () => {
    const audience = new LiveAudience(10, 1_000)
    const slow = audience.join([], undefined)
    const quick = new Watcher(new Response(audience.join([], undefined)))
    await new Promise(setImmediate)
    for (let sent = 0; sent < 2; sent += 1) {
      audience.send(new Uint8Array(10).fill(97))
      await new Promise(setImmediate)
    }
    audience.end()
    await new Promise(setImmediate)
    await expect(slow.getReader().read()).rejects.toThrow("too slowly")
    expect(quick.text).toBe(`${"a".repeat(20)}(end)`)
  })

  it("ends when its process is drained, which an open one would hold up", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    made.handler.drain()
    await made.clock.settle()
    expect(watcher.text).toMatch(/\(end\)$/)
    expect((await made.get(`${BASE}/events`)).status).toBe(503)
    expect((await made.get(BASE)).status).toBe(200)
  })

  it("ends with the database, and holds no timer then", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    await made.db.close()
    await made.clock.settle()
    expect(watcher.text).toMatch(/\(end\)$/)
    expect(made.clock.timers).toEqual({ foreground: 0, background: 0 })
    expect((await made.get(`${BASE}/events`)).status).toBe(503)
    expect((await made.get(BASE)).status).toBe(200)
  })
})

describe("what happens", () => {
  it("is counted, and told with the next sample, without a value or a word of the server", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    const { heard } = made
    for (let n = 0; n < 1_000; n += 1)
      heard({ ...settled("query.failed", "select * from users where name = 'Ann'"), at: n })
    heard(settled("query.succeeded", "select 1"))
    await made.clock.advance(1_000)
    expect(watcher.of("event")).toEqual([
      {
        name: "query.failed",
        at_ms: 0,
        until_ms: 999,
        count: 1_000,
        kind: "connection_failed",
        blame: "server",
        effect: "not_applied",
        access: "read",
        summary: "SELECT users",
        reason: "attempts-spent",
        sql: expect.stringContaining("select * from users where name = "),
        duration_ms: 12,
      },
      expect.objectContaining({ name: "query.recovered", count: 1 }),
      expect.objectContaining({ name: "health.changed", from: "healthy", to: "degraded" }),
    ])
    expect(watcher.text).not.toMatch(/Ann|secret words/)
    expect(watcher.of("sample").at(-1)).toMatchObject({ surfaced_errors: 1_000 })
  })

  it("is bounded, however much of it there is", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    for (let n = 0; n < 5_000; n += 1) made.heard(settled("query.failed", `select ${"a".repeat(n % 299)}`))
    await made.clock.advance(1_000)
    const events = watcher.of("event").filter(({ name }) => name !== "health.changed")
    expect(events).toHaveLength(101)
    expect(events.reduce((sum, { count }) => sum + count, 0)).toBe(5_000)
  })

  it("is told at once where it changes the state of things", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    made.heard({ at: 5, name: "circuit.opened", failure: lost })
    await made.clock.settle()
    expect(watcher.of("event")).toMatchObject([{ name: "circuit.opened", kind: "connection_failed" }])
  })
})

describe("what is sent only while somebody watches", () => {
  const open = {
    id: 3,
    processId: 77,
    state: "active",
    since: 5,
    openedAt: 1,
    uses: 9,
    sql: "select 'Ann' from users",
    summary: "SELECT users",
  } as const

  it("is what each connection does, four times a second, without a literal", async () => {
    let looks = 0
    const connections = () => ((looks += 1), [open])
    const made = site({}, { ...development, script: { connections } })
    await made.clock.advance(5_000)
    expect(looks).toBe(0)
    const watcher = await watch(made)
    await made.clock.advance(2_000)
    expect(watcher.of("connections")).toHaveLength(9)
    expect(watcher.of("connections").at(-1)).toEqual({
      at_ms: made.clock.wallTime(),
      pool: { max: 20, idle: 2, used: 1, opening: 0, waiting: 0 },
      open: [
        {
          id: 3,
          process_id: 77,
          state: "active",
          since_ms: 5,
          opened_ms: 1,
          uses: 9,
          summary: "SELECT users",
          sql: expect.not.stringContaining("Ann"),
        },
      ],
    })
    await watcher.leave()
    await made.clock.advance(5_000)
    expect(looks).toBeLessThanOrEqual(10)
  })

  it("is what takes the time, most first, since the start", async () => {
    const made = site({}, development)
    for (let n = 0; n < 10; n += 1) made.heard(settled("query.failed", "select * from users where name = 'Ann'"))
    made.heard({ ...settled("query.succeeded", "delete from users"), durationMs: 1_000 } as never)
    const watcher = await watch(made)
    expect(watcher.of("queries")[0]).toMatchObject({
      total_s: 1.12,
      top: [
        { summary: "DELETE users", calls: 1, total_s: 1, max_s: 1, failed: 1 },
        { summary: "SELECT users", calls: 10, total_s: 0.12, failed: 10, sql: expect.not.stringContaining("Ann") },
      ],
    })
  })

  it("has what takes the time though hundreds of others came first", async () => {
    const made = site({}, development)
    const ran = (table: string, durationMs: number) =>
      made.heard({ ...settled("query.succeeded", `select * from ${table}`), durationMs } as DriverEvent)
    ran("early", 5_000)
    for (let table = 0; table < 300; table += 1) ran(`t${table}`, 1)
    for (let time = 0; time < 10; time += 1) ran("late", 900)
    const [first, second] = (await watch(made)).of("queries").at(-1)?.top ?? []
    expect([first?.summary, first?.calls, second?.summary]).toEqual(["SELECT late", 10, "SELECT early"])
  })

  it("is what the server says of itself: asked every five seconds, and by nobody's leave not at all", async () => {
    const asked = (made: Site) =>
      made.statements.filter(({ options }) => options.label === "kysely-resilient.page").length
    const facts = { version: "18.4", sessions: { idle: 2 }, max_connections: 2, reserved_connections: 0, blocked: [] }
    const script = { statement: () => ({ rows: [{ facts }] }) }
    const made = site({}, { ...development, script })
    await made.clock.advance(20_000)
    expect(asked(made)).toBe(0)
    const watcher = await watch(made)
    await made.clock.advance(11_000)
    expect(asked(made)).toBe(3)
    expect(watcher.of("database").at(-1)).toMatchObject({ facts, concerns: ["sessions"], advice: [] })

    const silent = site({ askServer: false }, { ...development, script })
    await watch(silent)
    await silent.clock.advance(11_000)
    expect(asked(silent)).toBe(0)
  })

  it("says nothing of a server that does not answer but why", async () => {
    const made = site({}, { ...development, script: { statement: () => ({ fails: lost }) } })
    const watcher = await watch(made)
    await made.clock.advance(1_000)
    expect(watcher.of("database")).toMatchObject([{ error: "connection_failed" }])
    expect(watcher.text).not.toContain("secret words")
  })

  it("counts each second by itself", async () => {
    const made = site({}, development)
    const watcher = await watch(made)
    for (let n = 0; n < 4; n += 1) made.heard(settled("query.failed", "select 1"))
    await made.clock.advance(2_000)
    expect(watcher.of("sample").map(({ since_last }) => since_last)).toMatchObject([
      { queries: 4, failed: 4, max_s: 0.012 },
      { queries: 0, failed: 0, max_s: 0 },
    ])
  })
})
