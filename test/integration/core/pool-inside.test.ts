import { createDatabase, type Database } from "@kysely-resilient/core"
import type { DriverEvent } from "@kysely-resilient/driver"
import { ok } from "neverthrow"
import { afterEach, describe, expect, it, vi } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf, valueOf } from "../../support/results.ts"

interface DB {
  notes: { note: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let db: Database<DB>
let events: DriverEvent[]

function start(max: number, callSite = true): void {
  events = []
  db = createDatabase<DB>({
    connection: database.url,
    pool: { min: 0, max },
    errors: { callSite },
    observer: (event) => events.push(event),
  })
}

afterEach(async () => {
  await db.close()
})

const told = (): DriverEvent[] => events.filter((event) => event.name === "pool.used-inside")
const count = () => db.selectFrom("notes").select((eb) => eb.fn.countAll().as("n"))

describe("the pool used inside of a transaction", () => {
  it("is told, with the statement and the place", async () => {
    start(2)
    await db.transaction(async (tx) => {
      await tx.all(count())
      return db.all(count(), { name: "notes.count" })
    })
    expect(told()).toMatchObject([
      { what: "statement", inside: "transaction", label: "notes.count", sql: expect.stringContaining("count(*)") },
    ])
    expect(told()[0]).toHaveProperty("callSite", expect.stringContaining("pool-inside.test.ts"))
  })

  it("is warned of in development, once for each place", async () => {
    const warn = vi.spyOn(process, "emitWarning").mockImplementation(() => {})
    start(2)
    const twice = () => db.transaction(async () => db.all(count()))
    await twice()
    await twice()
    expect(warn.mock.calls).toEqual([
      [
        expect.stringMatching(/inside the callback of a transaction at .*pool-inside\.test\.ts:\d+.* Use the handle/),
        { type: "KyselyResilientWarning", code: "USED_INSIDE" },
      ],
    ])
    await db.close()
    start(2, false)
    await twice()
    expect(warn).toHaveBeenCalledTimes(1)
    warn.mockRestore()
  })

  it("is told without the place if call sites are off", async () => {
    start(2, false)
    await db.transaction(async () => db.all(count()))
    expect(told()).toHaveLength(1)
    expect(told()[0]).not.toHaveProperty("callSite")
  })

  it("is told in every form", async () => {
    start(4)
    await db.transaction(async (tx) => {
      await tx.all(count())
      await db.batch({ a: count() })
      for await (const row of db.stream(count())) valueOf(row)
      await db.query("select 1")
      await db.transaction(async (own) => own.all(count()))
      await db.withConnection(async (session) => session.all(count()))
      await db.kysely.selectFrom("notes").selectAll().execute()
      return ok(undefined)
    })
    await db.withConnection(async () => db.all(count()))
    expect(told()).toMatchObject([
      { what: "statement", inside: "transaction" },
      { what: "statement", inside: "transaction" },
      { what: "statement", inside: "transaction" },
      { what: "transaction", inside: "transaction" },
      { what: "connection", inside: "transaction" },
      { what: "connection", inside: "transaction" },
      { what: "statement", inside: "connection" },
    ])
  })

  it("is not told of its own handle, of what comes after it, and of another database", async () => {
    start(3)
    const other = createDatabase<DB>({ connection: database.url, pool: { min: 0 } })
    let later: Promise<unknown> = Promise.resolve()
    const gate = Promise.withResolvers<void>()
    await db.transaction(async (tx) => {
      await tx.all(count())
      await tx.savepoint(async (part) => part.all(count()))
      await other.all(count())
      tx.afterCommit(() => db.all(count()))
      later = gate.promise.then(() => db.all(count()))
      return ok(undefined)
    })
    gate.resolve()
    await later
    await db.all(count())
    expect(told()).toEqual([])
    await other.close()
  })
})

describe("when all connections wait for each other", () => {
  it("the last is refused at once, and the others are served", async () => {
    start(3)
    const arrived = Promise.withResolvers<void>()
    let inside = 0
    const startedAt = performance.now()
    const results = await Promise.all(
      [1, 2, 3].map(() =>
        db.transaction(async (tx) => {
          await tx.all(count())
          inside += 1
          if (inside === 3) arrived.resolve()
          await arrived.promise
          return db.all(count())
        }),
      ),
    )
    const refused = results.filter((result) => result.isErr())
    const message = expect.stringContaining("use its own handle (tx, not db)")
    const deadlock = { kind: "pool_deadlock", category: "limit", effect: "not_applied", message }
    expect(refused.map(errorOf)).toMatchObject([deadlock])
    expect(performance.now() - startedAt).toBeLessThan(4 * 250)
  })

  it("a transaction in a transaction is refused with a pool of one", async () => {
    start(1)
    const result = await db.transaction(async (tx) => {
      await tx.all(count())
      return db.transaction(async (own) => own.all(count()))
    })
    expect(errorOf(result)).toMatchObject({ kind: "pool_deadlock" })
    expect(valueOf(await db.all(count()))).toHaveLength(1)
  })

  it("one that does not wait for what it asked for is served after its transaction", async () => {
    start(1)
    let audit: Promise<unknown> = Promise.resolve()
    const result = await db.transaction(async (tx) => {
      await tx.all(count())
      audit = Promise.resolve(db.exec(db.insertInto("notes").values({ note: "audit" })))
      for (let n = 0; n < 6; n += 1) await tx.query("select pg_sleep(0.05)")
      return ok("done")
    })
    expect(valueOf(result)).toBe("done")
    expect(await audit).toMatchObject({ value: { affected: 1n } })
  })
})
