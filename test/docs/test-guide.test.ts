import { globSync } from "node:fs"
import { join, resolve } from "node:path"

import { TEST_URL_VARIABLE } from "@kysely-resilient/testing"
import { describe, expect, inject, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"
import { runTests } from "../support/runners.ts"

const folder = resolve(root, "examples/guides/test")
const env = () => ({ [TEST_URL_VARIABLE]: inject("postgresUrl") })

describe("the tests of docs/guides/test.md", () => {
  it("pass under node:test", async () => {
    const files = globSync("*.test.ts", { cwd: folder }).map((file) => join(folder, file))
    expect(files).toHaveLength(2)
    const { code, output } = await runTests("node", ["--test", "--test-reporter", "tap", ...files], env())
    expect(code, output).toBe(0)
    expect(output).toMatch(/^# pass 5$/m)
  }, 100_000)

  it("pass under vitest", async () => {
    const { code, output } = await runTests("vitest", ["run", "--root", folder], env())
    expect(code, output).toBe(0)
    expect(output).toMatch(/Tests +8 passed/)
  }, 100_000)
})
