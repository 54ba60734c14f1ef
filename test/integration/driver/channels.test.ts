import { AsyncLocalStorage } from "node:async_hooks"
import { channel, tracingChannel } from "node:diagnostics_channel"

import { createDatabase, type Database } from "@kysely-resilient/core"
import { channels, type QueryMessage, type TransactionMessage } from "@kysely-resilient/driver"
import { sql } from "kysely"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf } from "../../support/results.ts"

interface Tables {
  items: { id: number }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table items (id int primary key)")),
})
let db: Database<Tables>
const stops: (() => void)[] = []

beforeEach(() => {
  db = createDatabase<Tables>({ connection: database.url, name: "items" })
})

afterEach(async () => {
  for (const stop of stops.splice(0)) stop()
  await db.close()
})

type Step = "start" | "end" | "asyncStart" | "asyncEnd" | "error"

/** What is published on a tracing channel of the public name, in its order. */
function listen(name: string, hear: (step: Step, message: object) => void): void {
  const steps: readonly Step[] = ["start", "end", "asyncStart", "asyncEnd", "error"]
  const subscribers = Object.fromEntries(
    steps.map((step) => [step, (message: object): void => hear(step, message)]),
  ) as Record<Step, (message: object) => void>
  const tracing = tracingChannel(name)
  tracing.subscribe(subscribers)
  stops.push(() => tracing.unsubscribe(subscribers))
}

const items = () => db.selectFrom("items").select("id")

describe("kysely-resilient:query", () => {
  it("tells a statement from its call to its answer, in a few words, and no parameter", async () => {
    const steps: Step[] = []
    let told: QueryMessage | undefined
    listen("kysely-resilient:query", (step, message) => {
      steps.push(step)
      told = message as QueryMessage
    })
    await db.exec(db.insertInto("items").values([{ id: 4_711 }, { id: 4_712 }]))
    await db.all(items(), { name: "all items" })
    expect(steps).toEqual(["start", "end", "asyncStart", "asyncEnd", "start", "end", "asyncStart", "asyncEnd"])
    expect(told).toMatchObject({
      summary: "SELECT items",
      label: "all items",
      attempts: 1,
      rowCount: 2,
      error: undefined,
    })
    expect(told?.database).toMatchObject({ name: "items", port: Number(new URL(database.url).port) })
    expect(JSON.stringify(told)).not.toContain("4711")
  })

  it("tells a failure by itself, once, and no BEGIN or COMMIT of ours", async () => {
    const heard: string[] = []
    listen("kysely-resilient:query", (step, message) => heard.push(`${step} ${(message as QueryMessage).summary}`))
    errorOf(await db.transaction(async (tx) => tx.query("select broken")))
    expect(heard).toEqual(["start SELECT", "end SELECT", "error SELECT", "asyncStart SELECT", "asyncEnd SELECT"])
  })

  it.each([
    ["core", () => db.all(items())],
    ["core's batch", () => db.batch({ one: items(), two: items() })],
    ["Kysely's door", () => db.kysely.selectFrom("items").select("id").execute()],
    ["a transaction", () => db.transaction((tx) => tx.all(items()))],
    ["a stream", () => db.forEach(items(), () => {})],
    ["a crowd that waits in line", () => Promise.all(Array.from({ length: 50 }, () => db.all(items())))],
  ] as const)("is told at its end in the context of its caller: %s", async (_, run) => {
    const storage = new AsyncLocalStorage<string>()
    const contexts: (string | undefined)[] = []
    listen("kysely-resilient:query", (step) => {
      if (step === "start" || step === "asyncEnd") contexts.push(storage.getStore())
    })
    await storage.run("the caller's", async () => void (await run()))
    expect(contexts.length).toBeGreaterThanOrEqual(2)
    expect(new Set(contexts)).toEqual(new Set(["the caller's"]))
  })

  it("carries a store that is bound to it from the call to the connection", async () => {
    const storage = new AsyncLocalStorage<QueryMessage>()
    channels.query.start.bindStore(storage)
    stops.push(() => channels.query.start.unbindStore(storage))
    let seen: string | undefined
    listen("kysely-resilient:pool:acquire", (step) => {
      if (step === "start") seen = storage.getStore()?.summary
    })
    await db.all(items())
    expect(seen).toBe("SELECT items")
  })
})

describe("kysely-resilient:transaction", () => {
  it("tells how each ended, and its statements know it", async () => {
    const ended: TransactionMessage[] = []
    const inside: (TransactionMessage | undefined)[] = []
    listen("kysely-resilient:transaction", (step, message) => {
      if (step === "asyncEnd") ended.push(message as TransactionMessage)
    })
    listen("kysely-resilient:query", (step, message) => {
      if (step === "start") inside.push((message as QueryMessage).transaction)
    })
    await db.transaction((tx) => tx.all(items()), { name: "look", isolation: "serializable" })
    errorOf(await db.transaction((tx) => tx.query("select broken")))
    await db.kysely.transaction().execute((tx) => sql`select 1`.execute(tx))
    await db.all(items())
    expect(ended.map(({ outcome, label, isolation }) => [outcome, label, isolation])).toEqual([
      ["committed", "look", "serializable"],
      ["rolled-back", undefined, undefined],
      ["committed", undefined, undefined],
    ])
    expect(ended[1]?.error?.sqlState).toBe("42703")
    expect(inside).toEqual([ended[0], ended[1], ended[2], undefined])
  })
})

describe("the others", () => {
  it("tell openings, waits, and what happens at one moment", async () => {
    const heard: string[] = []
    for (const name of ["connect", "pool:acquire"]) {
      listen(`kysely-resilient:${name}`, (step) => heard.push(`${name} ${step}`))
    }
    const discard = (): void => void heard.push("discard")
    channel("kysely-resilient:connection:discard").subscribe(discard)
    stops.push(() => channel("kysely-resilient:connection:discard").unsubscribe(discard))
    await db.all(items())
    errorOf(await db.query("select pg_terminate_backend(pg_backend_pid())"))
    expect(heard).toEqual(
      expect.arrayContaining(["connect start", "connect asyncEnd", "pool:acquire start", "discard"]),
    )
  })

  it("a listener on one database's channels is told which one it is, also where two have the same name", async () => {
    await using twin = createDatabase<Tables>({ connection: database.url, name: "items" })
    const names: string[] = []
    listen("kysely-resilient:query", (step, message) => {
      if (step === "start") names.push((message as QueryMessage).database.name)
    })
    await db.all(items())
    await twin.all(twin.selectFrom("items").select("id"))
    expect(names).toEqual(["items", "items#2"])
  })
})
