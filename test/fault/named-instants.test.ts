import { createEngine, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { cut, delay, instant, INSTANTS, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
  },
})

let proxy: FaultProxy
let engine: Engine

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
})

afterAll(async () => {
  await proxy.close()
})

beforeEach(() => {
  engine = createEngine({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 1 },
    timeouts: { cancelMs: 500 },
    retry: { slow: { baseMs: 10, maxMs: 50 } },
  })
})

afterEach(async () => {
  proxy.clearRules()
  await engine.close()
})

/** Everything that INSTANTS names: a transaction with savepoints, one rolled back, a stream in chunks, a cancelled statement. */
async function everything(): Promise<void> {
  const lease = engine.lease()
  lease.begin({})
  await lease.run(text("insert into notes values ('kept')"))
  await lease.savepoint("a")
  await lease.releaseSavepoint("a")
  await lease.savepoint("b")
  await lease.run(text("select note from notes"))
  await lease.rollbackTo("b")
  await lease.commit()
  lease.begin({})
  await lease.run(text("insert into notes values ('not kept')"))
  await lease.rollback("caller")
  await lease.release()
  for await (const chunk of engine.stream(text("select generate_series(1, 5) as n"), 2)) if (!chunk.ok) return
  await engine.run(text("select pg_sleep(30)"), { timeoutMs: 100 })
}

describe("INSTANTS", () => {
  it("have names of their own", () => {
    expect(new Set(INSTANTS.map(({ name }) => name)).size).toBe(INSTANTS.length)
  })

  it("all come when everything is done once, and each says where it was", async () => {
    const rules = INSTANTS.map(({ name, matcher }) => ({
      name,
      rule: proxy.rule({ when: matcher(), do: delay(0), times: 100 }),
    }))
    await everything()
    expect(rules.filter(({ rule }) => rule.hits === 0).map(({ name }) => name)).toEqual([])
  })

  it.each(INSTANTS.map(({ name }) => name))("%s: a cut there is over, and the next statement works", async (name) => {
    const rule = proxy.rule({ when: instant(name), do: cut() })
    await everything()
    expect(rule.hits).toBe(1)
    expect(await engine.run(text("select 1 as n"), { timeoutMs: 4_000 })).toMatchObject({ ok: true })
  })

  it("do not take the driver's own BEGIN and COMMIT for a statement", async () => {
    await engine.run(text("select 'the session is set up'"))
    const rule = proxy.rule({ when: instant("statement before its answer"), do: delay(0), times: 100 })
    await engine.run(text("select 1"))
    const lease = engine.lease()
    lease.begin({})
    await lease.run(text("insert into notes values ('one')"))
    await lease.commit()
    await lease.release()
    // The third is the driver's question for the transaction's number, behind the INSERT.
    expect(rule.hits).toBe(3)
  })
})
