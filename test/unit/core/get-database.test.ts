import { OptionsError, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import { sharedDatabase } from "@kysely-resilient/core/src/get-database.ts"
import { CamelCasePlugin } from "kysely"
import { afterEach, describe, expect, it } from "vitest"

import { ScriptedEngine } from "../../support/scripted-engine.ts"

const made: Database<unknown>[] = []
let urls = 0

/** A URL that no other test has used: the registry is the process's. */
const url = (): string => `postgres://app:secret@localhost/database_${(urls += 1)}`

function shared(options?: DatabaseOptions<object | undefined>): Database<unknown> {
  const db = sharedDatabase<unknown>(options, { engine: () => new ScriptedEngine() })
  made.push(db)
  return db
}

afterEach(async () => {
  for (const db of made.splice(0)) await db.close()
})

describe("getDatabase", () => {
  it("gives one database per URL", () => {
    const [a, b] = [url(), url()]
    expect(shared({ connection: a })).toBe(shared({ connection: a }))
    expect(shared({ connection: a })).not.toBe(shared({ connection: b }))
    const object = { host: "localhost", database: a, user: "app" }
    expect(shared({ connection: object })).toBe(shared({ connection: { user: "app", database: a, host: "localhost" } }))
  })

  it("without options is the one of DATABASE_URL, however it was made", () => {
    const before = process.env.DATABASE_URL
    try {
      process.env.DATABASE_URL = url()
      const db = shared({ pool: { max: 3 } })
      expect(shared()).toBe(db)
      expect(shared({ connection: process.env.DATABASE_URL, pool: { max: 3 } })).toBe(db)
      process.env.DATABASE_URL = url()
      expect(shared()).not.toBe(db)
    } finally {
      if (before === undefined) delete process.env.DATABASE_URL
      else process.env.DATABASE_URL = before
    }
  })

  it("survives the reload of the module that asks for it, whose options are all new objects", () => {
    const connection = url()
    const options = (): DatabaseOptions<object> => ({
      connection,
      pool: { max: 3 },
      plugins: [new CamelCasePlugin()],
      on: { defect: () => {} },
      schema: { tables: {}, hash: "1" },
    })
    expect(shared(options())).toBe(shared(options()))
  })

  it("refuses other options for the same URL, and says which, but not what is in them", () => {
    const connection = url()
    shared({ connection, pool: { max: 3 }, retry: false })
    for (const [options, path] of [
      [{ pool: { max: 4 }, retry: false }, ["pool"]],
      [{ pool: { max: 3 } }, ["retry"]],
      [{ pool: { max: 3 }, retry: false, plugins: [new CamelCasePlugin()] }, ["plugins"]],
    ] as const) {
      try {
        shared({ connection, ...options })
        expect.unreachable("it must be refused")
      } catch (error) {
        expect(error).toBeInstanceOf(OptionsError)
        expect((error as OptionsError).problems.map((problem) => problem.path)).toEqual(path)
        expect(String(error)).not.toContain("secret")
      }
    }
  })

  it("makes a new one after the old one was closed", async () => {
    const connection = url()
    const old = shared({ connection, pool: { max: 3 } })
    await old.close()
    const next = shared({ connection, pool: { max: 4 } })
    expect(next).not.toBe(old)
    await old.close()
    expect(shared({ connection, pool: { max: 4 } })).toBe(next)
  })

  it("keeps no password in the global scope", () => {
    shared({ connection: url() })
    const registry: unknown = Reflect.get(globalThis, Symbol.for("@kysely-resilient/core.databases.1"))
    const kept =
      registry instanceof Map ? [...registry.entries()].map(([key, { madeWith }]) => [key, [...madeWith]]) : []
    expect(kept.length).toBeGreaterThan(0)
    expect(JSON.stringify(kept)).not.toContain("secret")
  })
})
