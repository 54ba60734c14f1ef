/**
 * Everything that is checked beside the tests: types, lint, format, generated files, and what the packages are to whoever
 * installs them. Ends with a line "N passed, N failed".
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

import { root } from "./docs/pages.ts"
import { pack, packages, tarball } from "./packages.ts"

interface Check {
  readonly name: string
  /** What it says if it fails, or nothing. */
  readonly run: () => string | undefined
}

const bin = (name: string): string => join(root, "node_modules/.bin", name)

function command(name: string, program: string, ...parameters: readonly string[]): Check {
  return {
    name,
    run() {
      const { status, stdout, stderr, error } = spawnSync(program, parameters, { cwd: root, encoding: "utf8" })
      return status === 0 ? undefined : `${stdout ?? ""}${stderr ?? ""}${error?.message ?? ""}`
    },
  }
}

const tarballs = mkdtempSync(join(tmpdir(), "kysely-resilient-pack-"))

const checks: readonly Check[] = [
  {
    name: "types of the packages",
    run() {
      // What is left of files that are gone would be packed too.
      for (const name of packages) rmSync(join(root, "packages", name, "dist"), { recursive: true, force: true })
      return command("", bin("tsc"), "-b").run()
    },
  },
  ...["test", "examples", "bench"].map((folder) =>
    command(`types of ${folder}`, bin("tsc"), "-p", `${folder}/tsconfig.json`),
  ),
  // Against the declarations that the first check has made, as whoever installs the packages compiles.
  ...["typescript", "typescript-5.9"].map((compiler) =>
    command(
      `type tests with ${compiler}, against declarations`,
      process.execPath,
      `node_modules/${compiler}/bin/tsc`,
      "-p",
      "test/types/declarations.tsconfig.json",
    ),
  ),
  command("types of the page", bin("tsc"), "-p", "packages/http/src/page/app"),
  command("the page is made of its sources", process.execPath, "scripts/page.ts", "--check"),
  command("lint", bin("oxlint"), "--type-aware", "--deny-warnings"),
  command("format", bin("oxfmt"), "--check"),
  command("unused files, exports and dependencies", bin("knip"), "--no-progress"),
  command("the generated schema is what the database says", process.execPath, "examples/schema/codegen.ts", "--check"),
  ...packages.flatMap((name) => [
    {
      name: `packing ${name}`,
      run() {
        pack(name, tarballs)
        return undefined
      },
    },
    command(`publint of ${name}`, bin("publint"), "--strict", tarball(name, tarballs)),
    command(`exports of ${name}`, bin("attw"), tarball(name, tarballs), "--profile", "esm-only"),
  ]),
  command("installing the packages", process.execPath, "scripts/install-check.ts", tarballs),
]

let failed = 0
for (const { name, run } of checks) {
  const problem = outcomeOf(run)
  console.log(`${problem === undefined ? "✓" : "✗"} ${name}`)
  if (problem === undefined) continue
  failed += 1
  console.log(problem)
}
rmSync(tarballs, { recursive: true, force: true })
console.log(`${checks.length - failed} passed, ${failed} failed`)
process.exitCode = failed === 0 ? 0 : 1

function outcomeOf(run: Check["run"]): string | undefined {
  try {
    return run()
  } catch (error) {
    return String(error)
  }
}
