import { setTimeout as pause } from "node:timers/promises"

import { createDatabase } from "@kysely-resilient/core"
import { createEngine, type DriverEvent, type DriverOptions, type Engine } from "@kysely-resilient/driver"
import { Kysely, sql } from "kysely"
import { ok } from "neverthrow"
import { afterEach, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { testDatabase } from "../../support/databases.ts"
import { errorOf } from "../../support/results.ts"

interface DB {
  notes: { note: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let engine: Engine
let events: DriverEvent[] = []

function start(options: DriverOptions): Kysely<DB> {
  events = []
  engine = createEngine({
    connection: database.url,
    pool: { min: 0, max: 1 },
    callSites: true,
    observer: (event) => events.push(event),
    ...options,
  })
  return new Kysely<DB>({ dialect: engine.dialect() })
}

afterEach(async () => {
  await expectCalm(engine, database)
  await engine.close()
})

const told = (): DriverEvent[] => events.filter((event) => event.name === "transaction.held-too-long")
const connectionsTold = (): DriverEvent[] => events.filter((event) => event.name === "connection.held-too-long")

async function heldFor(db: Kysely<DB>, ms: number): Promise<void> {
  await db.transaction().execute(async (trx) => {
    await trx.insertInto("notes").values({ note: "n" }).execute()
    await pause(ms)
  })
}

describe("a transaction of Kysely's that is held too long", () => {
  it("is told of once, with who began it, and goes on", async () => {
    const db = start({ timeouts: { heldTooLongMs: 30 } })
    await heldFor(db, 150)
    expect(told()).toMatchObject([{ working: false, takenBy: expect.stringContaining("held-too-long.test.ts") }])
    expect(await database.ask("select note from notes")).toEqual([{ note: "n" }])
  })

  it("is told of while a statement of it runs", async () => {
    const db = start({ timeouts: { heldTooLongMs: 30 }, callSites: false })
    await db.transaction().execute((trx) => sql`select pg_sleep(0.15)`.execute(trx))
    expect(told()).toMatchObject([{ working: true }])
    expect(told()[0]).not.toHaveProperty("takenBy")
  })

  it("is not told of if it is quick, or holds no connection", async () => {
    const db = start({ timeouts: { heldTooLongMs: 100 } })
    await heldFor(db, 0)
    await db.transaction().execute(() => pause(150))
    await pause(120)
    expect(told()).toEqual([])
  })

  it.each(["execute", "startTransaction"] as const)(
    "is ended by transactionMs, and others are served: %s",
    async (how) => {
      const db = start({ timeouts: { transactionMs: 100 } })
      await database.ask("truncate notes")
      const add = { note: "late" }
      const holding =
        how === "execute"
          ? db.transaction().execute(async (trx) => {
              await trx.insertInto("notes").values(add).execute()
              await pause(1_000)
              await trx.insertInto("notes").values(add).execute()
            })
          : (async () => {
              const trx = await db.startTransaction().execute()
              try {
                await trx.insertInto("notes").values(add).execute()
                await pause(1_000)
                await trx.commit().execute()
              } catch (error) {
                await trx.rollback().execute()
                throw error
              }
            })()
      const ended = holding.then(
        () => "committed",
        (error: unknown) => error,
      )
      await pause(50)
      const startedAt = performance.now()
      expect(await db.selectFrom("notes").selectAll().execute()).toEqual([])
      expect(performance.now() - startedAt).toBeLessThan(900)
      expect(await ended).toMatchObject({ effect: "not_applied" })
      expect(events.filter(({ name }) => name === "transaction.rolled-back")).toMatchObject([{ reason: "deadline" }])
      expect(await database.ask("select note from notes")).toEqual([])
    },
  )
})

describe("a transaction of createDatabase that is held too long", () => {
  it("is told of by its name, with who began it", async () => {
    start({})
    const db = createDatabase<DB>({
      connection: database.url,
      pool: { min: 0 },
      timeouts: { heldTooLongMs: 30 },
      observer: (event) => events.push(event),
    })
    await db.transaction(
      async (tx) => {
        await tx.query("select 1")
        await pause(100)
        return ok(1)
      },
      { name: "slowly" },
    )
    expect(told()).toMatchObject([
      { working: false, label: "slowly", takenBy: expect.stringContaining("held-too-long.test.ts") },
    ])
    await db.close()
  })

  it("is ended by timeouts.transactionMs", async () => {
    start({})
    const db = createDatabase<DB>({ connection: database.url, pool: { min: 0 }, timeouts: { transactionMs: 50 } })
    const result = await db.transaction(async (tx) => {
      // Its deadline may pass before there is a connection.
      void (await tx.query("select 1"))
      await pause(300)
      return ok(1)
    })
    expect(result).toMatchObject({ error: { kind: "transaction_timeout" } })
    await db.close()
  })
})

describe("a connection that withConnection holds too long", () => {
  it("is told of once, with who took it and whether it works, and goes on", async () => {
    start({})
    const db = createDatabase<DB>({
      connection: database.url,
      pool: { min: 0 },
      timeouts: { heldTooLongMs: 30 },
      observer: (event) => events.push(event),
    })
    const held = await db.withConnection(async (session) => {
      await session.query("select 1")
      await pause(100)
      return session.query("select 2 as two")
    })
    expect(held).toMatchObject({ value: { rows: [{ two: 2 }] } })
    await db.withConnection((session) => session.query("select pg_sleep(0.1)"))
    expect(connectionsTold()).toMatchObject([
      { working: false, heldMs: expect.any(Number), takenBy: expect.stringContaining("held-too-long.test.ts") },
    ])
    await db.withConnection(async (session) => {
      await session.query("select 1")
      return session.query("select pg_sleep(0.1)")
    })
    expect(connectionsTold()).toMatchObject([{ working: false }, { working: true }])
    await db.close()
  })

  it("is not told of if it is quick, holds none, has lost it, or is a transaction, which is told of itself", async () => {
    start({})
    const db = createDatabase<DB>({
      connection: database.url,
      pool: { min: 0 },
      timeouts: { heldTooLongMs: 50 },
      observer: (event) => events.push(event),
    })
    await db.withConnection((session) => session.query("select 1"))
    await db.withConnection(async () => {
      await pause(80)
      return ok(0)
    })
    await db.withConnection(async (session) => {
      await session.query("select 1")
      errorOf(await session.query("select pg_terminate_backend(pg_backend_pid())"))
      await pause(80)
      return ok(0)
    })
    await db.transaction(async (tx) => {
      await tx.query("select 1")
      await pause(80)
      return ok(0)
    })
    expect(connectionsTold()).toEqual([])
    expect(told()).toHaveLength(1)
    await db.close()
  })
})
