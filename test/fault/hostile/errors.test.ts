import { inspect } from "node:util"

import { createDatabase, type Database } from "@kysely-resilient/core"
import { drop, inject, startFaultProxy, type FaultProxy } from "@kysely-resilient/testing"
import fc from "fast-check"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { testDatabase } from "../../support/databases.ts"
import { errorResponse } from "./bytes.ts"
import { LIMIT_MS, runs } from "./runs.ts"

const database = testDatabase(import.meta.url)

let proxy: FaultProxy
let db: Database<Record<string, never>>

beforeAll(async () => {
  proxy = await startFaultProxy({ target: database.url })
  db = createDatabase<Record<string, never>>({
    connection: proxy.url(database.url),
    pool: { min: 0, max: 1 },
    retry: { slow: { baseMs: 1, maxMs: 2 }, quick: { baseMs: 1, maxMs: 2 } },
  })
})

afterAll(async () => {
  proxy.clearRules()
  await db.close()
  await proxy.close()
})

const KINDS = Object.keys(REMEDIES)
const EFFECTS = ["not_applied", "applied", "applied_locally", "unknown"]
let asked = 0

describe("whatever error a server reports", () => {
  it(
    "becomes one that can be told, printed and switched over, and the next query works",
    async () => {
      await fc.assert(
        fc.asyncProperty(errorResponse, fc.constantFrom("I", "T", "E"), async (bytes, status) => {
          // Several statements travel in one message: it is dropped, and this is all that is heard of it.
          using rule = proxy.rule({
            when: { from: "client", message: "Query", sql: /select 'hostile'/ },
            do: [inject({ kind: "bytes", bytes }, { kind: "ReadyForQuery", status }), drop()],
          })
          const result = await db.query("select 1; select 'hostile'", [], { timeoutMs: 10_000, retry: false })
          expect(rule.hits).toBe(1)
          const error = result._unsafeUnwrapErr()
          expect(KINDS).toContain(error.kind)
          expect(EFFECTS).toContain(error.effect)
          expect(JSON.parse(JSON.stringify(error))).toMatchObject({ kind: error.kind })
          expect(inspect(error)).toContain(error.kind)

          rule.lift()
          asked += 1
          const next = await db.query("select $1::int as n", [asked], { timeoutMs: 10_000 })
          expect(next._unsafeUnwrap().rows).toEqual([{ n: asked }])
        }),
        runs(0.1),
      )
      expect(db.snapshot().pool).toMatchObject({ leased: 0, waiting: 0, opening: 0 })
    },
    LIMIT_MS,
  )
})
