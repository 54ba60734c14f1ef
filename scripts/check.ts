/**
 * Everything that is checked without running the code: types, lint, format, generated files, and what the packages
 * would look like to whoever installs them. Ends with a line "N passed, N failed".
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"

const root = resolve(import.meta.dirname, "..")
const bin = (name: string): string => join(root, "node_modules/.bin", name)
const packages = readdirSync(join(root, "packages"))

interface Check {
  readonly name: string
  readonly command: readonly string[]
  readonly cwd?: string
}

const tarballs = mkdtempSync(join(tmpdir(), "kysely-resilient-pack-"))

const checks: readonly Check[] = [
  { name: "types of the packages", command: [bin("tsc"), "-b"] },
  ...["test", "examples", "bench"].map((folder) => ({
    name: `types of ${folder}`,
    command: [bin("tsc"), "-p", `${folder}/tsconfig.json`],
  })),
  { name: "lint", command: [bin("oxlint"), "--type-aware", "--deny-warnings"] },
  { name: "format", command: [bin("oxfmt"), "--check"] },
  { name: "generated types", command: [process.execPath, "examples/schema/codegen.ts", "--check"] },
  { name: "unused files, exports and dependencies", command: [bin("knip")] },
  ...packages.map((name) => ({
    name: `publint of ${name}`,
    command: [bin("publint"), "--strict"],
    cwd: join(root, "packages", name),
  })),
  ...packages.map((name) => ({
    name: `types of ${name} as they are installed`,
    command: [bin("attw"), "--pack", ".", "--profile", "esm-only"],
    cwd: join(root, "packages", name),
  })),
]

let failures = 0
for (const check of checks) {
  const [command = "", ...args] = check.command
  const run = spawnSync(command, args, { cwd: check.cwd ?? root, encoding: "utf8" })
  const ok = run.status === 0
  if (!ok) failures += 1
  process.stdout.write(`${ok ? "✓" : "✗"} ${check.name}\n`)
  if (!ok) process.stdout.write(`${run.stdout}${run.stderr}${run.error?.message ?? ""}\n`)
}
rmSync(tarballs, { recursive: true, force: true })
process.stdout.write(`${checks.length - failures} passed, ${failures} failed\n`)
process.exitCode = failures === 0 ? 0 : 1
