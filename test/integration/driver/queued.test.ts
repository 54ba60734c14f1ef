import { createEngine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url)

/** As many as a bad minute brings; `pnpm bench` measures them against plain `pg`. */
const QUERIES = 10_000

describe("ten thousand queries asked for at once", () => {
  it("are all answered by a pool of ten, each with its own answer", async () => {
    const engine = createEngine({ connection: database.url, pool: { min: 0, max: 10 } })
    const asked = Array.from({ length: QUERIES }, (_, index) => engine.run(text(`select ${index} as n`)))
    const settled = await Promise.all(asked)
    expect(settled.findIndex((one, index) => !one.ok || Reflect.get(Object(one.value.rows[0]), "n") !== index)).toBe(-1)
    expect(engine.snapshot().pool).toMatchObject({ leased: 0, waiting: 0, opening: 0 })
    expect(engine.snapshot().pool.idle).toBeLessThanOrEqual(10)
    await engine.close()
  })

  it("are answered in the order of asking where one connection serves them all", async () => {
    const engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
    const order: number[] = []
    const ask = async (index: number): Promise<void> => {
      const settled = await engine.run(text("select 1"))
      if (settled.ok) order.push(index)
    }
    await Promise.all(Array.from({ length: 1_000 }, (_, index) => ask(index)))
    expect(order).toEqual(Array.from({ length: 1_000 }, (_, index) => index))
    await engine.close()
  })
})
