/** The error matrix of the system that this one was asked to be: its six rows in their order, on a server that is hurt. */
import { setTimeout as pause } from "node:timers/promises"

import { createDatabase, resilient, type Database } from "@kysely-resilient/core"
import type { DriverEvent, LifetimeCounters } from "@kysely-resilient/driver"
import { createHandler } from "@kysely-resilient/http"
import { startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { ok } from "neverthrow"
import pg from "pg"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { ANSWER } from "../../support/seed.ts"

let server: OwnServer
let db: Database<object>
const events: DriverEvent[] = []

beforeAll(async () => {
  server = await startEmbeddedPostgres({ durable: false })
  await ask(`
    create table signals (name text);
    create sequence calls;
    create function conflict(until int) returns int language plpgsql as $$
    begin
      if nextval('calls') < until then raise exception 'again' using errcode = '40001'; end if;
      return 1;
    end $$`)
  db = createDatabase<object>({
    connection: server.url,
    pool: { min: 0, max: 2, acquireTimeoutMs: 600 },
    retry: { outageWaitMs: 15_000 },
    orphanedTransaction: "commit",
    observer: (event) => events.push(event),
  })
})

afterAll(async () => {
  valueOf(await db.close())
  await server.stop()
})

beforeEach(() => {
  events.length = 0
})

/** Past everything under test. */
async function ask(text: string): Promise<Record<string, unknown>[]> {
  const client = new pg.Client(server.url)
  client.on("error", () => {})
  await client.connect()
  try {
    return (await client.query(text)).rows
  } finally {
    await client.end()
  }
}

const COUNTERS = ["total_queries", "failed_queries", "reconnections", "transaction_rollbacks", "pool_resets"] as const

/** By how much each counter has grown since then; those that have not are left out. */
function countedSince(before: LifetimeCounters): Partial<Record<keyof LifetimeCounters, number>> {
  const { metrics } = db.report().resilience
  const grown = COUNTERS.map((name) => [name, metrics[name] - before[name]] as const)
  return Object.fromEntries(grown.filter(([, by]) => by !== 0))
}

const counters = (): LifetimeCounters => db.report().resilience.metrics
const told = (name: DriverEvent["name"]): number => events.filter((event) => event.name === name).length
const signals = async () => (await ask("select name from signals")).map(({ name }) => name)

/** One connection of the two, for as long as the server sleeps. */
const hold = (ms: number) => db.withConnection((session) => session.query(`select pg_sleep(${ms / 1000})`))

async function untilSleeping(sessions: number): Promise<void> {
  const asleep = "select count(*)::int as n from pg_stat_activity where wait_event = 'PgSleep'"
  while ((await ask(asleep))[0]?.["n"] !== sessions) await pause(5)
}

describe("the error matrix", () => {
  it("a connection is lost: reconnect and retry", async () => {
    const before = counters()
    const reading = db.query("select pg_sleep(0.5)").map(({ rows }) => rows.length)
    await untilSleeping(1)
    await ask("select pg_terminate_backend(pid) from pg_stat_activity where wait_event = 'PgSleep'")
    expect(valueOf(await reading)).toBe(1)
    expect(countedSince(before)).toEqual({ total_queries: 1, failed_queries: 1, reconnections: 1 })
    expect(told("query.retried")).toBe(1)
  })

  it("a connection is lost each time: three attempts, and one failed query", async () => {
    const before = counters()
    const error = errorOf(await db.query("select pg_terminate_backend(pg_backend_pid())"))
    expect(error).toMatchObject({ attempts: 3, because: "attempts-spent", effect: "not_applied" })
    expect(countedSince(before)).toMatchObject({ total_queries: 1, failed_queries: 1 })
  })

  it("connections are dead: the pool is reset once, reconnect and retry", async () => {
    const before = counters()
    const reading = [db.query("select pg_sleep(0.5)"), db.query("select pg_sleep(0.5)")]
    await untilSleeping(2)
    await server.crashBackend()
    for (const read of reading) expect(valueOf(await read).rows).toHaveLength(1)
    expect(countedSince(before)).toMatchObject({ total_queries: 2, failed_queries: 2, pool_resets: 1 })
    expect(countedSince(before).reconnections).toBeGreaterThanOrEqual(2)
  })

  it("a transaction fails: rollback and retry, three times", async () => {
    const before = counters()
    let runs = 0
    const answer = await db.transaction(async (tx) => {
      runs += 1
      const written = await tx.query("insert into signals values ('once')")
      return written.isErr() ? written : tx.query("select conflict(3)")
    })
    valueOf(answer)
    expect([runs, await signals()]).toEqual([3, ["once"]])
    expect([told("transaction.rerun"), told("transaction.committed")]).toEqual([2, 1])
    // Each run's statements are statements; that they conflict says nothing about the server.
    expect(countedSince(before)).toEqual({ total_queries: 6 })
  })

  it("a statement is wrong: its error at once, since no retry would help", async () => {
    const before = counters()
    const error = errorOf(await db.query("select 1 / 0"))
    expect(error).toMatchObject({ attempts: 1, retry: "never", effect: "not_applied" })
    expect(countedSince(before)).toEqual({ total_queries: 1 })
  })

  it("an aborted transaction comes back: it is rolled back", async () => {
    const before = counters()
    const left = await db.withConnection(async (session) => {
      valueOf(await session.query("begin"))
      valueOf(await session.query("insert into signals values ('aborted')"))
      errorOf(await session.query("select 1 / 0"))
      return ok(undefined)
    })
    valueOf(left)
    valueOf(await db.query("select 1"))
    expect(countedSince(before)).toEqual({ total_queries: 4, transaction_rollbacks: 1 })
    expect(await signals()).toEqual(["once"])
  })

  it("an open transaction comes back: it is committed, as the option says", async () => {
    const before = counters()
    const left = await db.withConnection(async (session) => {
      valueOf(await session.query("begin"))
      return session.query("insert into signals values ('open')")
    })
    valueOf(left)
    valueOf(await db.query("select 1"))
    expect(countedSince(before)).toEqual({ total_queries: 3 })
    expect(await signals()).toEqual(["once", "open"])
  })

  it("the pool is exhausted: whoever asks waits, and is served", async () => {
    const before = counters()
    const holders = [hold(300), hold(300)]
    await untilSleeping(2)
    expect(valueOf(await db.query("select 1")).rows).toHaveLength(1)
    for (const holder of holders) valueOf(await holder)
    expect(countedSince(before)).toEqual({ total_queries: 3 })
  })

  it("the pool is exhausted for longer: pool_timeout, with nothing done; resilient() waits again, three times", async () => {
    const holders = [hold(1_300), hold(1_300)]
    await untilSleeping(2)
    const once = db.query("select 1")
    const thrice = resilient(() => db.query("select 1"))()
    expect(errorOf(await once)).toMatchObject({ kind: "pool_timeout", effect: "not_applied", retry: "statement" })
    expect(valueOf(await thrice).rows).toHaveLength(1)
    for (const holder of holders) valueOf(await holder)
  })
})

/** The keys in their order, and the type of what they lead to. Of a list, its first element. */
function shapeOf(value: unknown): unknown {
  if (Array.isArray(value)) return [shapeOf(value[0])]
  if (typeof value !== "object" || value === null) return typeof value
  return Object.entries(value).map(([key, inner]) => [key, shapeOf(inner)])
}

/** An object without the keys that its pattern does not have; in a list, each element without those of the first. */
function within(value: unknown, pattern: unknown): unknown {
  if (Array.isArray(value) && Array.isArray(pattern)) return value.map((element) => within(element, pattern[0]))
  if (typeof value !== "object" || value === null || typeof pattern !== "object" || pattern === null) return value
  return Object.fromEntries(Object.entries(value).filter(([key]) => key in pattern))
}

describe("GET /api/database-resilience after all that", () => {
  it("has the keys that were asked for, in their order and with their types; more may follow", async () => {
    const handler = createHandler(db, { expose: "full" })
    const response = await handler(new Request("http://localhost/api/database-resilience"))
    const body = (await response.json()) as Record<"resilience" | "recommendations", unknown>
    expect(Object.keys(body).slice(0, 2)).toEqual(Object.keys(ANSWER))
    expect(shapeOf(body.resilience)).toEqual(shapeOf(ANSWER.resilience))
    expect(body.recommendations).not.toEqual([])
    expect(shapeOf(within(body.recommendations, ANSWER.recommendations))).toEqual(shapeOf(ANSWER.recommendations))
    expect(body.resilience).toMatchObject({ metrics: counters(), features: ANSWER.resilience.features, pool_size: 2 })
    handler.close()
  })
})
