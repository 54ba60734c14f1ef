import { spawnSync } from "node:child_process"
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

import { afterAll, describe, expect, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"

const page = readFileSync(resolve(root, "docs/dropped-errors.md"), "utf8")
// Inside the repository, so that the packages' names resolve; git does not see it.
const folder = join(import.meta.dirname, ".cache", `lint-${process.pid}`)
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** Lines that end in `// found` are, and no others. */
const PROGRAM = `
import { createDatabase } from "@kysely-resilient/core"
import { ok, ResultAsync, safeTry } from "neverthrow"

interface DB { users: { id: number } }
const db = createDatabase<DB>()
const query = db.selectFrom("users").selectAll()
const save = () => db.exec(query)

export async function careless() {
  db.exec(query) // found
  query.$call(db.exec) // found
  db.exec(query).map(() => 1) // found
  save() // found
  db.transaction(async (tx) => tx.exec(query)) // found
  const forEach = [1].map(async () => {
    db.one(query) // found
  })
  await Promise.all(forEach)
  await db.exec(query)
}

export async function careful() {
  const result = await db.exec(query)
  if (result.isErr()) return result
  void db.exec(query)
  await db.exec(query).match(() => 1, () => 2)
  await ResultAsync.combine([save(), save()])
  const all = await Promise.all([db.one(query), db.all(query)])
  console.log(all.map((each) => each.isOk()))
  const inner = await db.transaction(async (tx) => tx.exec(query))
  console.log(inner.unwrapOr(undefined))
  const tried = await safeTry(async function* () {
    yield* db.exec(query)
    return ok(1)
  })
  console.log(tried.isOk())
  return save()
}
`

describe("the linter's configuration in docs/dropped-errors.md", () => {
  it("finds every operation that nobody awaits, and nothing else", () => {
    const config = /```json\n([\s\S]*?)```/.exec(page)?.[1] ?? ""
    mkdirSync(folder, { recursive: true })
    writeFileSync(join(folder, ".oxlintrc.json"), config)
    writeFileSync(join(folder, "program.ts"), PROGRAM)
    const options = { module: "nodenext", target: "es2024", strict: true, types: ["node"], noEmit: true }
    const tsconfig = { compilerOptions: { ...options, allowImportingTsExtensions: true }, include: ["*.ts"] }
    writeFileSync(join(folder, "tsconfig.json"), JSON.stringify(tsconfig))
    const oxlint = join(root, "node_modules/.bin/oxlint")
    const { stdout } = spawnSync(oxlint, ["--type-aware", "--format", "unix", "--no-ignore", "program.ts"], {
      cwd: folder,
      encoding: "utf8",
    })
    const found = [...stdout.matchAll(/program\.ts:(\d+):\d+: .*no-floating-promises/g)].map((line) => Number(line[1]))
    const expected = PROGRAM.split("\n").flatMap((line, index) => (line.endsWith("// found") ? [index + 1] : []))
    expect(expected).toHaveLength(6)
    expect(found, stdout).toEqual(expected)
  })
})
