import { createDatabase, OptionsError, type Database } from "@kysely-resilient/core"
import { assembleDatabase } from "@kysely-resilient/core/src/database.ts"
import { readDatabaseOptions } from "@kysely-resilient/core/src/options.ts"
import { defineSchema, policy, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { createEngine, type DriverOptions } from "@kysely-resilient/driver"
import { CamelCasePlugin } from "kysely"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { ScriptedEngine } from "../../support/scripted-engine.ts"

const problemsOf = (make: () => unknown): readonly string[] => {
  try {
    make()
  } catch (error) {
    if (error instanceof OptionsError) return error.problems.map(({ path }) => path)
    throw error
  }
  return []
}

const camel: SchemaDefinition = {
  source: { schemas: ["public"], camelCase: true },
  tables: { t: { kind: "table", columns: { c: { type: "public.pair[]", nullable: true } } } },
  types: { "public.pair": { kind: "composite", attributes: [{ name: "a_b", type: "int4" }] } },
  policy: policy(),
}

describe("createDatabase", () => {
  it("takes no options at all, and a schema, and connects to nothing", async () => {
    const schema = defineSchema<{ users: { id: number } }>({ tables: {}, hash: "1" })
    for (const db of [
      createDatabase(),
      createDatabase({ schema }),
      createDatabase({ plugins: [new CamelCasePlugin()] }),
      createDatabase({ schema: camel, plugins: [new CamelCasePlugin()] }),
      createDatabase({
        schema: { ...camel, policy: policy({ composite: "string" }) },
        plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })],
      }),
    ]) {
      expect(db.snapshot().pool).toMatchObject({ idle: 0, leased: 0, opening: 0 })
      expect((await db.close()).isOk()).toBe(true)
      expect((await db.close()).isOk()).toBe(true)
    }
  })

  it.each([
    ["schema", { schema: {} }],
    ["schema", { schema: "public" }],
    ["schema.policy", { schema: { tables: {}, policy: { int8: "bigint" } } }],
    ["schema.decoders", { schema: { tables: {}, decoders: { "users.meta": {} } } }],
    ["schema.decoders", { schema: { tables: {}, decoders: { "a.b": {} }, policy: policy({ json: "string" }) } }],
    ["plugins", { plugins: new CamelCasePlugin() }],
    ["plugins[1]", { plugins: [new CamelCasePlugin(), {}] }],
    ["plugins", { schema: camel, plugins: [new CamelCasePlugin({ maintainNestedObjectKeys: true })] }],
    ["errors", { errors: "redact" }],
    ["errors.detail", { errors: { detail: "all" } }],
    ["errors.callSite", { errors: { callSite: 1 } }],
    ["errors.details", { errors: { details: "redact" } }],
    ["on", { on: () => {} }],
    ["on.defect", { on: { defect: "log" } }],
    ["on.error", { on: { error: () => {} } }],
    ["pool.max", { pool: { max: 0 } }],
    ["shema", { shema: {} }],
    ["timeouts", { timeouts: 5 }],
  ])("refuses a wrong %s: %j", (path, options) => {
    // @ts-expect-error what types forbid, JavaScript does not
    expect(problemsOf(() => createDatabase(options))).toEqual([path])
  })

  it("says everything that is wrong at once, its own and the driver's", () => {
    const options = { errors: { detail: "all" }, on: { defect: 5 }, pool: { max: -1 }, nonsense: true }
    // @ts-expect-error what types forbid, JavaScript does not
    const paths = problemsOf(() => createDatabase(options))
    expect(paths.toSorted()).toEqual(["errors.detail", "nonsense", "on.defect", "pool.max"])
  })

  it("leaves no engine behind when it refuses", () => {
    const engine = new ScriptedEngine()
    // @ts-expect-error what types forbid, JavaScript does not
    expect(problemsOf(() => assembleDatabase({ on: { defect: 5 } }, { engine: () => engine }))).toEqual(["on.defect"])
    expect(engine.closed).toBe(true)
  })

  it("gives statements 30 seconds, unless somebody says otherwise", () => {
    const given: DriverOptions[] = []
    const open = (options: Parameters<typeof assembleDatabase>[0]): Database<unknown> =>
      assembleDatabase(options, {
        engine: (driver) => {
          given.push(driver)
          return createEngine(driver)
        },
      })
    open({})
    open({ timeouts: { connectMs: 100 } })
    open({ timeouts: { queryMs: 5 } })
    expect(given.map(({ timeouts }) => timeouts)).toEqual([
      { queryMs: 30_000 },
      { connectMs: 100, queryMs: 30_000 },
      { queryMs: 5 },
    ])
  })

  it("does not name a connection that nobody has named", () => {
    expect("connection" in readDatabaseOptions({}, {}).resolved.driver).toBe(false)
    expect("connection" in readDatabaseOptions({ connection: "postgres://h/d" }, {}).resolved.driver).toBe(true)
  })

  it.each([
    ["production", false],
    ["development", true],
    ["test", true],
    [undefined, false],
  ])("with NODE_ENV %s call sites are %s", (NODE_ENV, expected) => {
    expect(readDatabaseOptions({}, { NODE_ENV }).resolved.errors.callSite).toBe(expected)
    expect(readDatabaseOptions({ errors: { callSite: !expected } }, { NODE_ENV }).resolved.errors.callSite).toBe(
      !expected,
    )
  })

  it("waits between runs of a transaction as between tries of a statement", () => {
    const { backoff } = readDatabaseOptions({ retry: { quick: { baseMs: 1 } } }, {}).resolved
    expect(backoff).toEqual({ slow: { baseMs: 500, maxMs: 5_000 }, quick: { baseMs: 1, maxMs: 250 } })
  })
})

describe("a database", () => {
  it("is closed at the end of its block", async () => {
    const engine = new ScriptedEngine()
    {
      await using _db = assembleDatabase({}, { engine: () => engine })
    }
    expect(engine.closed).toBe(true)
  })

  it("answers ready() with the server's version, or with what is wrong", async () => {
    const { db: ready } = { db: assembleDatabase({}, { engine: () => new ScriptedEngine() }) }
    expect(valueOf(await ready.ready())).toEqual({ serverVersion: "18.4", connectMs: 1 })
    // @ts-expect-error what types forbid, JavaScript does not
    expect(errorOf(await ready.ready({ timeoutMs: "5" }))).toMatchObject({ kind: "refused" })
    // @ts-expect-error what types forbid, JavaScript does not
    expect(errorOf(await ready.close({ drainMs: "5s" }))).toMatchObject({ kind: "refused" })
  })
})
