import { createEngine, OptionsError, type DriverOptions, type Engine } from "@kysely-resilient/driver"
import fc from "fast-check"
import { CompiledQuery } from "kysely"
import pg from "pg"
import { afterEach, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { testDatabase } from "../../support/databases.ts"
import { LIMIT_MS, runs } from "./runs.ts"
import { hostileValue, thrown, type Recipe } from "./values.ts"

const database = testDatabase(import.meta.url)
const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)

const INT2 = pg.types.builtins.INT2
const parserOfInt2 = pg.types.getTypeParser(INT2)

afterEach(() => {
  pg.types.setTypeParser(INT2, parserOfInt2)
})

let asked = 0

async function nextQueryWorks(engine: Engine, attempts: number): Promise<void> {
  asked += 1
  const settled = await engine.run(text("select $1::int as n", asked), { timeoutMs: 10_000 })
  expect(settled).toMatchObject({ ok: true, attempts, value: { rows: [{ n: asked }] } })
}

function thrower({ make }: Recipe): () => never {
  return () => {
    throw make()
  }
}

describe("whatever the application's own code does", () => {
  it(
    "as a type's parser: an answer that cannot be read is told, and its connection is used again",
    async () => {
      const engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
      await nextQueryWorks(engine, 1)
      const parser = fc.oneof(
        thrown.map((what) => ({ fails: true, parse: thrower(what) })),
        hostileValue.map(({ make }) => ({ fails: false, parse: make })),
      )
      await fc.assert(
        fc.asyncProperty(parser, async ({ fails, parse }) => {
          // Types forbid it, and JavaScript does not.
          Reflect.apply(pg.types.setTypeParser, pg.types, [INT2, parse])
          const settled = await engine.run(text("select 1::int2 as a, n from generate_series(1, 3) n"), {
            readOnly: false,
          })
          if (fails) expect(settled).toMatchObject({ ok: false, failure: { kind: "decode_failed", effect: "applied" } })
          else expect(settled.ok && settled.value.rows.length).toBe(3)
          await nextQueryWorks(engine, 1)
        }),
        runs(0.05),
      )
      await expectCalm(engine, database)
      await engine.close()
    },
    LIMIT_MS,
  )

  it(
    "as options and hooks: it is refused by an OptionsError, or told, and nothing is left behind",
    async () => {
      const hook = fc.oneof(
        thrown.map((what): Recipe => ({ what: `a function that throws ${what.what}`, make: () => thrower(what) })),
        thrown.map((what): Recipe => ({
          what: `a function that rejects with ${what.what}`,
          make: () => () => Promise.resolve().then(thrower(what)),
        })),
        hostileValue.map(({ what, make }): Recipe => ({ what: `a function that gives ${what}`, make: () => make })),
      )
      const any = fc.oneof(hook, hostileValue)
      const options = fc.oneof(
        fc.record({ observer: hook, log: hook, onConnect: hook, password: hook }, { requiredKeys: [] }),
        fc.record(
          { observer: any, log: any, onConnect: any, password: any, pool: any, buggify: any, orphanedTransaction: any },
          { requiredKeys: [] },
        ),
      )
      let made = 0
      await fc.assert(
        fc.asyncProperty(options, async ({ password, ...given }) => {
          const hostile = Object.fromEntries(Object.entries(given).map(([name, one]) => [name, one?.make()]))
          const connection =
            password === undefined ? database.url : { connectionString: database.url, password: password.make() }
          let engine: Engine
          try {
            engine = Reflect.apply(createEngine, undefined, [
              { connection, retry: false, ...hostile } satisfies object as DriverOptions,
            ])
          } catch (error) {
            expect(error).toBeInstanceOf(OptionsError)
            return
          }
          made += 1
          const settled = await engine.run(text("select 1 as n"), { timeoutMs: 10_000 })
          if (!settled.ok) expect(settled.failure.effect).toBe("not_applied")
          await engine.close()
        }),
        runs(0.05),
      )
      expect(made).toBeGreaterThan(0)
      const left = "select pid from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()"
      await expect.poll(() => database.ask(left)).toEqual([])
    },
    LIMIT_MS,
  )

  it(
    "as a query for a value that no string can hold: that is told, and the next query works",
    async (context) => {
      if (runs(1).numRuns < 10_000) context.skip("600 MB come over the wire: only with all 10,000 inputs, on demand")
      const engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
      const settled = await engine.run(text("select repeat('x', 600000000) as x"), { timeoutMs: 60_000, retry: false })
      expect(settled).toMatchObject({ ok: false, failure: { effect: "not_applied" } })
      await nextQueryWorks(engine, 1)
      await expectCalm(engine, database)
      await engine.close()
    },
    LIMIT_MS,
  )
})
