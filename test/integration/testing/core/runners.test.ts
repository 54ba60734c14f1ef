import { spawn } from "node:child_process"
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"

import { TEST_URL_VARIABLE } from "@kysely-resilient/testing"
import { afterAll, describe, expect, inject, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"

const root = join(import.meta.dirname, "../../../..")
const fixtures = join(import.meta.dirname, "../fixtures")
// Inside the repository, so that the packages' names resolve; git does not see it.
const folder = join(import.meta.dirname, ".cache", `runners-${process.pid}`)
const database = testDatabase(import.meta.url)

afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A test run of its own, as a user's is: nothing of this run's runner reaches it but the server. */
async function run(program: string, parameters: readonly string[]): Promise<{ code: number | null; output: string }> {
  const inherited = Object.entries(process.env).filter(([name]) => !/^(VITEST|NODE_TEST|TEST$|NODE_OPTIONS)/.test(name))
  const env = {
    ...Object.fromEntries(inherited),
    NODE_ENV: "test",
    NO_COLOR: "1",
    [TEST_URL_VARIABLE]: inject("postgresUrl"),
  }
  const child = spawn(program, parameters, { cwd: root, env, timeout: 60_000 })
  let output = ""
  child.stdout.on("data", (chunk) => (output += String(chunk)))
  child.stderr.on("data", (chunk) => (output += String(chunk)))
  const code = await new Promise<number | null>((resolve) => child.on("close", resolve))
  return { code, output }
}

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
    writeFileSync(config, `export default ${JSON.stringify({ root, test })}`)
    const { code, output } = await run(join(root, "node_modules/.bin/vitest"), [
      "run",
      "--config",
      config,
      "--reporter",
      "verbose",
    ])
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
    const { code, output } = await run(process.execPath, [
      "--test",
      "--test-reporter",
      "tap",
      join(fixtures, "own-node-test.ts"),
    ])
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
