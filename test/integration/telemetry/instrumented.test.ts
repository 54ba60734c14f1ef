import { resolve } from "node:path"

import { expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { runFile } from "../../support/script.ts"

const database = testDatabase(import.meta.url)

it.each(["with", "without"])("counts nothing twice %s OpenTelemetry's own instrumentation of pg", async (how) => {
  const fixture = resolve(import.meta.dirname, "fixtures/instrumented.ts")
  const { output } = await runFile(fixture, { DATABASE_URL: database.url, INSTRUMENTATION: how })
  expect(JSON.parse(output)).toEqual({
    wrapped: how === "with",
    made: [["ours", "SELECT", "CLIENT"]],
    durations: [["ours", true]],
  })
})
