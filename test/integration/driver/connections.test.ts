import { createEngine, type ConnectionSnapshot } from "@kysely-resilient/driver"
import { CompiledQuery } from "kysely"
import { describe, expect, it, onTestFinished } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

function engine() {
  const made = createEngine({ connection: database.url, pool: { min: 0, max: 3 } })
  onTestFinished(() => made.close())
  return made
}

const raw = (sql: string): CompiledQuery => CompiledQuery.raw(sql)

describe("the connections of a pool", () => {
  it("are none before somebody wants one, and one at rest afterwards", async () => {
    const db = engine()
    expect(db.connections()).toEqual([])
    const before = Date.now()
    await db.run(raw("select 1"))
    const [only, ...others] = db.connections()
    expect(others).toEqual([])
    expect(only).toMatchObject({ id: 1, state: "idle", uses: 1 })
    expect(only).not.toHaveProperty("sql")
    expect(only?.openedAt).toBeGreaterThanOrEqual(before)
    expect(only?.since).toBeGreaterThanOrEqual(only!.openedAt)
    const found = await database.ask("select count(*)::int as found from pg_stat_activity where pid = $1", [
      only?.processId,
    ])
    expect(found).toEqual([{ found: 1 }])
  })

  it("tell what each does: a statement, a transaction, a failed one, nothing", async () => {
    const db = engine()
    const lease = db.lease()
    const states: (ConnectionSnapshot | undefined)[] = []
    const look = (): void => void states.push(db.connections()[0])

    const running = lease.run(raw("select pg_sleep(0.2)"))
    await expect.poll(() => db.connections()[0]?.sql).toBe("select pg_sleep(0.2)")
    look()
    await running
    look()
    lease.begin({})
    await lease.run(raw("select 1"))
    look()
    await lease.run(raw("select 1 / 0"))
    look()
    await lease.rollback("caller")
    await lease.release()
    look()
    expect(states.map((seen) => seen?.state)).toEqual([
      "active",
      "held",
      "in-transaction",
      "failed-transaction",
      "idle",
    ])
    expect(states[0]).toMatchObject({ summary: "SELECT", uses: 0 })
    expect(new Set(states.slice(0, 4).map((seen) => seen?.since)).size).toBeLessThanOrEqual(2)
  })

  it("never show a parameter", async () => {
    const db = engine()
    const running = db.run({ ...raw("select pg_sleep(0.1), $1::text"), parameters: ["a secret"] })
    await expect.poll(() => db.connections()[0]?.sql).toBe("select pg_sleep(0.1), $1::text")
    expect(JSON.stringify(db.connections())).not.toContain("secret")
    await running
  })
})
