import { inspect } from "node:util"

import { createDatabase, isDatabaseError, type Database } from "@kysely-resilient/core"
import { createEngine, describeStatement, type Engine } from "@kysely-resilient/driver"
import fc from "fast-check"
import { CompiledQuery } from "kysely"
import type { Result } from "neverthrow"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { testDatabase } from "../../support/databases.ts"
import { LIMIT_MS, runs } from "./runs.ts"
import { hostileParameters, hostileValue, type Recipe } from "./values.ts"

const database = testDatabase(import.meta.url)
const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)

let engine: Engine
let db: Database<Record<string, never>>

beforeAll(async () => {
  engine = createEngine({ connection: database.url, pool: { min: 0, max: 1 } })
  db = createDatabase<Record<string, never>>({
    connection: database.url,
    pool: { min: 0, max: 1 },
    on: { defect: () => {} },
  })
})

afterAll(async () => {
  await engine.close()
  await db.close()
})

let asked = 0

/** On the same connections, for nothing of this reaches the server that could end one. */
async function nextQueriesWork(): Promise<void> {
  asked += 1
  const [first, second] = await Promise.all([
    engine.run(text("select $1::int as n", asked)),
    db.query("select $1::int as n", [asked]),
  ])
  expect(first).toMatchObject({ ok: true, attempts: 1, value: { rows: [{ n: asked }] } })
  expect(second.isOk() && second.value.rows).toEqual([{ n: asked }])
}

const texts = fc.oneof(
  fc.constantFrom("select $1 as a", "select $1::text as a", "select $1::jsonb, $2::int[]", "select length($1)"),
  fc.string({ maxLength: 40 }),
  fc.string({
    unit: fc.constantFrom(
      "select ",
      "$1",
      "'",
      '"',
      "$$",
      "--",
      "/*",
      "*/",
      ";",
      "\0",
      "\ud800",
      "e'\\",
      "(",
      "begin ",
      "x",
    ),
    maxLength: 12,
  }),
)

describe("whatever callers pass", () => {
  it(
    "as parameters and as text is refused or sent, tells what it is, and leaves the next query working",
    async () => {
      await fc.assert(
        fc.asyncProperty(texts, hostileParameters, fc.boolean(), async (sql, given, batched) => {
          const parameters = given.make()
          const query: CompiledQuery = { ...text(sql), parameters }
          const settled = await (batched
            ? engine.batch([query, text("select 1")], { timeoutMs: 10_000 })
            : engine.run(query, { timeoutMs: 10_000 }))
          // Of several statements, one may have been COMMIT.
          if (!settled.ok && describeStatement(query).single) {
            expect(settled.failure.effect, settled.failure.message).toBe("not_applied")
          }
          const result = await db.query(sql, parameters)
          if (result.isErr()) {
            expect(JSON.stringify(result.error)).toContain(result.error.kind)
            expect(inspect(result.error)).toContain(result.error.kind)
          }
          await nextQueriesWork()
        }),
        runs(0.3),
      )
      await expectCalm(engine, database)
    },
    LIMIT_MS,
  )

  it(
    "as options of a call is refused or taken, and no call hangs or rejects",
    async () => {
      const option = (...good: unknown[]): fc.Arbitrary<Recipe> =>
        fc.oneof(
          hostileValue,
          fc.constantFrom(...good).map((value) => ({ what: fc.stringify(value), make: () => value })),
        )
      const options = fc.oneof(
        hostileValue,
        fc.record(
          {
            timeoutMs: option(1, 50, -1, NaN, Infinity, 2 ** 40),
            signal: option(AbortSignal.abort(), new AbortController().signal, { aborted: false, addEventListener: 1 }),
            readOnly: option(true, false),
            idempotent: option(true, false),
            retry: option(false, {}, { attemptsMax: 0 }, { attemptsMax: NaN }, { attemptsMax: Infinity }),
            name: option("a name"),
            chunkSize: option(1, 0, NaN),
          },
          { requiredKeys: [] },
        ),
      )
      await fc.assert(
        fc.asyncProperty(options, async (given) => {
          const made =
            "make" in given
              ? given.make()
              : Object.fromEntries(Object.entries(given).map(([name, one]) => [name, one?.make()]))
          // Types forbid it, and JavaScript does not.
          const result: Result<unknown, unknown> = await Reflect.apply(db.query, db, ["select 1 as n", [], made])
          expect(result.isOk() || isDatabaseError(result.error)).toBe(true)
          await nextQueriesWork()
        }),
        runs(0.1),
      )
    },
    LIMIT_MS,
  )
})
