/** Notifications, over a connection that is lost in all the ways there are. */
import { setTimeout as pause } from "node:timers/promises"

import {
  createDatabase,
  type Database,
  type DatabaseOptions,
  type ListenEvent,
  type ListenOptions,
} from "@kysely-resilient/core"
import { startEmbeddedPostgres, startFaultProxy, type FaultProxy, type OwnServer } from "@kysely-resilient/testing"
import { err, ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"
import { PgBouncer } from "../support/pgbouncer/pgbouncer.ts"
import { describeWithPgBouncer, pgBouncer as program } from "../support/pgbouncer/suite.ts"
import { errorOf, valueOf } from "../support/results.ts"

const database = testDatabase(import.meta.url)

let proxy: FaultProxy
let closings: (() => Promise<unknown>)[]

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(() => {
  closings = []
})

afterEach(async () => {
  proxy.clearRules()
  proxy.resumeAll()
  await proxy.listen()
  for (const close of closings.toReversed()) await close()
  expect(await listeners()).toEqual([])
})

function open(options: DatabaseOptions = {}): Database<object> {
  const db = createDatabase<object>({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 2, validateAfterIdleMs: 1 },
    timeouts: { connectMs: 2_000, cancelMs: 500 },
    retry: { slow: { baseMs: 20, maxMs: 100 } },
    ...options,
  })
  closings.push(async () => db.close())
  return db
}

/** The sessions that somebody listens on. */
const listeners = () =>
  database.ask(
    "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query ilike '%listen%' and query not ilike '%pg_stat_activity%'",
  )

const say = (channel: string, payload = "") => database.ask("select pg_notify($1, $2)", [channel, payload])

async function until(what: () => boolean | Promise<boolean>): Promise<void> {
  const limitAt = performance.now() + 20_000
  while (!(await what())) {
    if (performance.now() > limitAt) throw new Error("it did not happen in time")
    await pause(5)
  }
}

/** A loop over a channel, and what it has seen. */
function follow(db: Database<object>, channel: string, options?: ListenOptions) {
  const seen: ListenEvent[] = []
  const loop = (async () => {
    for await (const event of db.listen(channel, options)) {
      if (event.isErr()) return event.error
      seen.push(event.value)
    }
    return undefined
  })()
  return {
    seen,
    loop,
    payloads: () => seen.flatMap((event) => (event.kind === "notification" ? [event.payload] : [])),
    kinds: () => seen.map(({ kind }) => kind),
    /** Waits for so many events of a kind. */
    has: (kind: ListenEvent["kind"], times = 1) =>
      until(() => seen.filter((event) => event.kind === kind).length >= times),
  }
}

describe("listen", () => {
  it.each(["orders", "Orders", 'a "b"; drop', "ünï", "x".repeat(63), "select", " "])(
    "hears what is said on %j from when it listens, in order, and nothing else",
    async (channel) => {
      const db = open()
      await say(channel, "too early")
      const { has, payloads, kinds } = follow(db, channel)
      await has("listening")
      for (const payload of ["1", "", "ü 'x' \"y\" \\", "z".repeat(7_999)]) valueOf(await db.notify(channel, payload))
      await say(`${channel.slice(0, 60)}2`, "elsewhere")
      await say(channel, "last")
      await has("notification", 5)
      expect(payloads()).toEqual(["1", "", "ü 'x' \"y\" \\", "z".repeat(7_999), "last"])
      expect(kinds()[0]).toBe("listening")
    },
  )

  it("hears a transaction once it is committed, and never one that was not", async () => {
    const db = open()
    const { has, payloads } = follow(db, "orders")
    await has("listening")
    const committed = await db.transaction(async (tx) => {
      valueOf(await tx.notify("orders", "kept"))
      const part = await tx.savepoint(async (inner) =>
        (await inner.notify("orders", "undone")).andThen(() => err("no")),
      )
      expect(part.isErr()).toBe(true)
      await pause(20)
      expect(payloads()).toEqual([])
      return ok(1)
    })
    valueOf(committed)
    errorOf(await db.transaction(async (tx) => (await tx.notify("orders", "rolled back")).andThen(() => err("no"))))
    valueOf(await db.notify("orders"))
    await has("notification", 2)
    expect(payloads()).toEqual(["kept", ""])
  })

  it("needs no connection of the pool, and one for all who listen", async () => {
    const db = open({ pool: { min: 0, max: 1 } })
    await db.transaction(async (tx) => {
      valueOf(await tx.query("select 1"))
      const loops = ["a", "a", "b", "c"].map((channel) => follow(db, channel))
      await Promise.all(loops.map(({ has }) => has("listening")))
      expect(await listeners()).toHaveLength(1)
      await say("a", "x")
      await say("c", "y")
      for (const each of [0, 1, 3]) await loops[each]?.has("notification")
      expect(loops.map(({ payloads }) => payloads())).toEqual([["x"], ["x"], [], ["y"]])
      return ok(1)
    })
    expect(db.snapshot().pool.leased).toBe(0)
  })

  it("ends on leaving the loop, and with the last loop the connection is closed", async () => {
    const db = open()
    const other = follow(db, "other")
    await other.has("listening")
    for (let round = 1; round <= 3; round += 1) {
      for await (const event of db.listen("orders")) if (valueOf(event).kind === "listening") break
    }
    await say("orders", "nobody hears it")
    await say("other", "somebody does")
    await other.has("notification")
    expect(other.payloads()).toEqual(["somebody does"])
    const stop = new AbortController()
    const { loop, has } = follow(db, "orders", { signal: stop.signal })
    await has("listening")
    stop.abort()
    expect(await loop).toBeUndefined()
    expect(await follow(db, "orders", { signal: AbortSignal.abort() }).loop).toBeUndefined()
    expect(await listeners()).toHaveLength(1)
    await db.close()
    expect(await other.loop).toBeUndefined()
    await until(async () => (await listeners()).length === 0)
    expect(await follow(db, "orders").loop).toMatchObject({ kind: "pool_closed" })
  })

  it("holds no connection while nobody listens, and has one again for who does then", async () => {
    const db = open()
    for (let round = 1; round <= 2; round += 1) {
      for await (const event of db.listen("orders")) if (valueOf(event).kind === "listening") break
      await until(async () => (await listeners()).length === 0)
      expect(db.snapshot().pool).toMatchObject({ idle: 0, leased: 0 })
    }
  })

  it("can be had by hand, again and again, while another loop over the same goes on", async () => {
    const db = open()
    const channel = db.listen("orders")
    const first = channel[Symbol.asyncIterator]()
    expect(valueOf((await first.next()).value)).toMatchObject({ kind: "listening" })
    const second = channel[Symbol.asyncIterator]()
    expect(valueOf((await second.next()).value)).toMatchObject({ kind: "listening" })
    await first.return?.()
    await say("orders", "x")
    expect(valueOf((await second.next()).value)).toEqual({ kind: "notification", channel: "orders", payload: "x" })
    await second.return?.()
  })

  it.each([[""], ["x".repeat(64)], ["ü".repeat(32)], ["a\0b"], [7]])(
    "refuses a channel that cannot be: %j",
    async (channel) => {
      const db = open()
      expect(await follow(db, channel as string).loop).toMatchObject({ kind: "refused", effect: "not_applied" })
    },
  )

  it.each([[{ bufferMax: 0 }], [{ bufferMax: 1.5 }], [{ signal: 5 }]])(
    "refuses options that cannot be: %j",
    async (options) => {
      const db = open()
      expect(await follow(db, "orders", options as never).loop).toMatchObject({ kind: "refused" })
    },
  )

  it("tells a loop that is too slow how many it has missed, and goes on", async () => {
    const db = open()
    const seen: ListenEvent[] = []
    for await (const event of db.listen("orders", { bufferMax: 3 })) {
      const value = valueOf(event)
      seen.push(value)
      if (value.kind === "listening") {
        for (let n = 1; n <= 10; n += 1) await say("orders", `${n}`)
        valueOf(await db.query("select 1"))
        await pause(50)
      }
      if (value.kind === "overflow") await say("orders", "after")
      if (value.kind === "notification" && value.payload === "after") break
    }
    expect(
      seen.map((event) =>
        event.kind === "notification" ? event.payload : event.kind === "overflow" ? event.dropped : event.kind,
      ),
    ).toEqual(["listening", "1", "2", "3", 7, "after"])
  })
})

describe("a listener whose connection is lost", () => {
  it("by its backend's end: says that there is a gap, and goes on", async () => {
    const db = open()
    const orders = follow(db, "orders")
    const other = follow(db, "other")
    await Promise.all([orders.has("listening"), other.has("listening")])
    for (let round = 1; round <= 3; round += 1) {
      await say("orders", `before ${round}`)
      await orders.has("notification", 2 * round - 1)
      for (const { pid } of await listeners()) await database.ask("select pg_terminate_backend($1)", [pid])
      await Promise.all([orders.has("gap", round), other.has("gap", round)])
      await say("orders", `after ${round}`)
      await orders.has("notification", 2 * round)
    }
    const round = ["notification", "gap", "notification"]
    expect(orders.kinds()).toEqual(["listening", ...round, ...round, ...round])
    expect(other.kinds()).toEqual(["listening", "gap", "gap", "gap"])
    expect(await listeners()).toHaveLength(1)
  })

  it("by the network, which then is away for a while", async () => {
    const db = open()
    const { has, seen, payloads } = follow(db, "orders")
    await has("listening")
    await proxy.stopListening()
    proxy.cutAll()
    await say("orders", "missed")
    await pause(300)
    expect(seen).toHaveLength(1)
    await proxy.listen()
    await has("gap")
    const [, gap] = seen
    expect(gap).toMatchObject({ kind: "gap", channel: "orders" })
    if (gap?.kind === "gap") expect(gap.downMs).toBeGreaterThanOrEqual(290)
    await say("orders", "heard")
    await has("notification")
    expect(payloads()).toEqual(["heard"])
  })

  it("by a network that swallows everything, of which nobody tells", async () => {
    const db = open()
    const { has, payloads } = follow(db, "orders")
    await has("listening")
    const before = await listeners()
    proxy.stallAll()
    // It is looked after within a second, and given up after half of one; had it not been, it would go on as if nothing had been.
    await pause(3_000)
    proxy.resumeAll()
    await has("gap")
    await say("orders", "heard")
    await has("notification")
    expect(payloads()).toEqual(["heard"])
    for (const { pid } of before) await database.ask("select pg_terminate_backend($1)", [pid])
  })

  it("while it is being set up", async () => {
    await proxy.stopListening()
    const db = open()
    const { has, seen } = follow(db, "orders")
    await pause(200)
    expect(seen).toEqual([])
    await proxy.listen()
    await has("listening")
    expect(seen).toEqual([{ kind: "listening", channel: "orders" }])
  })

  it("ends with what waiting does not help", async () => {
    const url = new URL(proxy.url(database.url))
    url.pathname = "/no_such_database"
    const db = open({ connection: url.href })
    const error = await follow(db, "orders").loop
    expect(error?.category).not.toBe("bug")
    expect(error).toMatchObject({ retry: "never" })
    // And who tries again is told again.
    expect(await follow(db, "orders").loop).toMatchObject({ kind: error?.kind })
  })
})

describe("a server that crashes and comes back", () => {
  let server: OwnServer

  beforeAll(async () => {
    server = await startEmbeddedPostgres({ durable: false })
  })

  afterAll(async () => {
    await server.stop()
  })

  it.each(["crashBackend", "restart"] as const)("is listened to again after %s", async (fault) => {
    const db = open({ connection: server.url })
    const { has, payloads } = follow(db, "orders")
    await has("listening")
    valueOf(await db.notify("orders", "before"))
    await has("notification")
    await server[fault]()
    await has("gap")
    valueOf(await db.notify("orders", "after"))
    await has("notification", 2)
    expect(payloads()).toEqual(["before", "after"])
  })
})

describeWithPgBouncer("through PgBouncer", () => {
  it.each(["transaction", "statement"] as const)("in %s mode it is refused", async (mode) => {
    const pooler = await PgBouncer.start({
      program,
      target: database.url,
      poolMode: mode,
      settings: { default_pool_size: 2 },
    })
    closings.push(() => pooler.stop())
    const db = open({ connection: pooler.url(database.url) })
    const error = await follow(db, "orders").loop
    expect(error).toMatchObject({ kind: "refused", retry: "never" })
    expect(error?.message).toContain("transaction mode")
  })

  it("in session mode it is heard", async () => {
    const pooler = await PgBouncer.start({ program, target: database.url, poolMode: "session" })
    closings.push(() => pooler.stop())
    const db = open({ connection: pooler.url(database.url) })
    const { has, payloads } = follow(db, "orders")
    await has("listening")
    await say("orders", "heard")
    await has("notification")
    expect(payloads()).toEqual(["heard"])
    await db.close()
  })
})

describe("notify", () => {
  it("refuses what PostgreSQL does, as an Err", async () => {
    const db = open()
    expect(errorOf(await db.notify("", "x"))).toMatchObject({ effect: "not_applied" })
    expect(errorOf(await db.notify("x".repeat(64), "x"))).toMatchObject({ effect: "not_applied" })
    expect(errorOf(await db.notify("orders", "x".repeat(8_000), { name: "shout" })).query?.name).toBe("shout")
  })
})
