import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { TEST_URL_VARIABLE } from "@kysely-resilient/testing"
import { afterAll, describe, expect, inject, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { runTests } from "../../../support/runners.ts"

const fixtures = join(import.meta.dirname, "../fixtures")
// Inside the repository, so that the packages' names resolve; git does not see it.
const folder = join(import.meta.dirname, ".cache", `runners-${process.pid}`)
const database = testDatabase(import.meta.url)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

const left = (like: string) =>
  database.ask("select datname from pg_database where datname like $1 and datname not like $2", [
    `${like}%`,
    "%\\_template",
  ])

describe("the helpers for test runners", () => {
  it("work under vitest: a database per file and per test, and dropped Errs fail their tests", async () => {
    mkdirSync(folder, { recursive: true })
    const config = join(folder, "vitest.config.mjs")
    const test = { include: [join(fixtures, "own-vitest.ts")], setupFiles: [join(fixtures, "setup-vitest.ts")] }
    writeFileSync(config, `export default ${JSON.stringify({ root: fixtures, test })}`)
    const { code, output } = await runTests("vitest", ["run", "--config", config, "--reporter", "verbose"], {
      [TEST_URL_VARIABLE]: inject("postgresUrl"),
    })
    expect(code, output).toBe(1)
    expect(output).toMatch(/✓.*uses it/)
    expect(output).toMatch(/✓.*of which a test may have another one/)
    expect(output).toMatch(/✓.*means it so/)
    expect(output).toMatch(/[×❯].*forgets an Err/)
    expect(output).toMatch(/[×❯].*does not await an operation/)
    expect(output).toMatch(
      /Nobody has looked at an Err, of the operation that was called at .*own-vitest\.ts:\d+:\d+: unique_violation/,
    )
    expect(output).toMatch(/Tests +2 failed \| 3 passed/)
    expect((await left("own_vitest")).filter(({ datname }) => !/^own_vitest_\d+$/.test(String(datname)))).toEqual([])
  }, 90_000)

  it("work under node:test", async () => {
    const { code, output } = await runTests(
      "node",
      ["--test", "--test-reporter", "tap", join(fixtures, "own-node-test.ts")],
      { [TEST_URL_VARIABLE]: inject("postgresUrl") },
    )
    expect(code, output).toBe(1)
    expect(output).toMatch(/^ +ok \d+ - uses it/m)
    expect(output).toMatch(/^ +ok \d+ - of which a test may have another one/m)
    expect(output).toMatch(/^ +not ok \d+ - forgets an Err/m)
    expect(output).toMatch(/^ +ok \d+ - means it so/m)
    expect(output).toMatch(
      /Nobody has looked at an Err, of the operation that was called at .*own-node-test\.ts:\d+:\d+: unique_violation/,
    )
    expect((await left("own_node_test")).filter(({ datname }) => !/^own_node_test_\d+$/.test(String(datname)))).toEqual(
      [],
    )
  }, 90_000)
})
