import { execFile } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"
import { promisify } from "node:util"
import { afterAll, describe, expect, it } from "vitest"

const root = resolve(import.meta.dirname, "../..")
// Inside the repository, so that the packages' names resolve; git does not see it.
const folder = join(import.meta.dirname, ".cache", `testing-package-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const readme = readFileSync(join(root, "packages/testing/README.md"), "utf8")
const blocks = [...readme.matchAll(/```ts\n(.*?)```/gs)].map(([, code = ""]) => code)

/** By what its output must show; in the order of the README. */
const shows = [
  /embedded[\s\S]*count: '1'/,
  /ready to accept connections/,
  /terminate has struck[\s\S]*recovery has struck\nfull has struck/,
  /was told: .*\n.*\[ 'commit' \]\n.*balance: 100/,
]

describe("the README of the testing package", () => {
  it("has as many programs as we know", () => expect(blocks).toHaveLength(shows.length))

  it.each(blocks.map((code, index) => [index + 1, code] as const))("runs as it stands: program %i", async (n, code) => {
    mkdirSync(folder, { recursive: true })
    const file = join(folder, `program-${n}.ts`)
    writeFileSync(file, code)
    const { KYSELY_RESILIENT_TEST_URL: _, ...env } = process.env
    const { stdout } = await promisify(execFile)(process.execPath, [file], { cwd: root, env })
    expect(stdout).toMatch(shows[n - 1] ?? /never/)
  })
})
