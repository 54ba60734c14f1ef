import { createDatabase, type Database } from "@kysely-resilient/core"
import { logEvents } from "@kysely-resilient/telemetry/pino"
import { pino } from "pino"
import { afterEach, beforeEach, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf } from "../../support/results.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table users (id int primary key, name text)")),
})
let db: Database<{ users: { id: number; name: string } }>
let lines: string[]

beforeEach(() => {
  lines = []
  db = createDatabase({ connection: database.url, name: "main" })
  const logger = pino({ base: null, level: "debug" }, { write: (line: string) => void lines.push(line) })
  logEvents(db, logger, { slowMs: 100 })
})

afterEach(async () => {
  await db.close()
})

const written = (): Record<string, unknown>[] => lines.map((line): Record<string, unknown> => JSON.parse(line))

it("writes pino's lines, in the conventions' words", async () => {
  await db.query("select pg_sleep(0.12)", [], { name: "nap" })
  expect(written()).toMatchObject([
    {
      level: 40,
      event: "kysely_resilient.query.slow",
      "db.query.summary": "SELECT",
      "db.client.connection.pool.name": "main",
      label: "nap",
      attempts: 1,
      msg: expect.stringMatching(/^SELECT took \d+ ms$/),
    },
  ])
})

it("says nothing of what went well, nor of what a caller did wrong", async () => {
  await db.query("select 1")
  errorOf(await db.query("select broken"))
  expect(lines).toEqual([])
})

it("writes one line when a statement is lost, with what it took, and no parameter or row", async () => {
  errorOf(await db.query("select pg_terminate_backend(pg_backend_pid()), $1::text", ["hunter2"], { retry: false }))
  const failed = written().filter(({ event }) => event === "kysely_resilient.query.failed")
  expect(failed).toMatchObject([
    { level: 50, "error.type": "57P01", effect: expect.any(String), because: expect.any(String) },
  ])
  expect(lines.join("")).not.toContain("hunter2")
})
