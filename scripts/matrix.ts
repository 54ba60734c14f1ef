/**
 * The whole fault matrix: every named instant, in every kind of work, hit by every fault. Takes about half an hour on two cores; `test` runs a sample of it.
 * Words behind it are vitest's filters: `pnpm matrix write -t "FIN when"`. Ends with a table, and with 1 if a cell failed.
 */
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"

import { root } from "./docs/pages.ts"

interface Report {
  readonly testResults: readonly {
    readonly name: string
    readonly message: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly title: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}

const COLUMNS = ["FIN", "RST", "blackhole", "silence", "FATAL", "never"] as const

const folder = mkdtempSync(join(tmpdir(), "kysely-resilient-matrix-"))
const file = join(folder, "report.json")
const filters = process.argv.slice(2)
const [where = "", ...rest] = /^\w/.test(filters[0] ?? "") ? filters : ["", ...filters]
const startedAt = performance.now()
spawnSync(
  join(root, "node_modules/.bin/vitest"),
  [
    "run",
    "--project",
    "fault",
    `test/fault/matrix/${where}`,
    "--reporter=default",
    "--reporter=json",
    `--outputFile=${file}`,
    ...rest,
  ],
  { cwd: root, stdio: ["ignore", "inherit", "inherit"], env: { ...process.env, KYSELY_RESILIENT_MATRIX: "all" } },
)
const report: Report = JSON.parse(readFileSync(file, "utf8"))
rmSync(folder, { recursive: true })

const counts = { passed: 0, failed: 0 }
const rows = new Map<string, Map<string, { passed: number; failed: number }>>()
for (const { name, assertionResults } of report.testResults) {
  for (const { status, title, fullName, failureMessages } of assertionResults) {
    if (status !== "passed" && status !== "failed") continue
    counts[status] += 1
    if (status === "failed") console.log(`\n${fullName}\n  ${failureMessages[0]?.split("\n", 1)[0]}`)
    const column = COLUMNS.find((word) => title.startsWith(word))
    if (column === undefined) continue
    const row = rows.get(basename(name, ".test.ts")) ?? new Map<string, { passed: number; failed: number }>()
    rows.set(basename(name, ".test.ts"), row)
    const cell = row.get(column) ?? { passed: 0, failed: 0 }
    row.set(column, cell)
    cell[status] += 1
  }
}
console.log(`\n${["", ...COLUMNS].map((word) => word.padEnd(14)).join("")}`)
for (const [kind, row] of rows) {
  const told = COLUMNS.map((column) => {
    const { passed, failed } = row.get(column) ?? { passed: 0, failed: 0 }
    return failed === 0 ? `${passed}` : `${passed}, ${failed} FAILED`
  })
  console.log([kind, ...told].map((word) => word.padEnd(14)).join(""))
}
const broken = report.testResults.filter(
  ({ message, assertionResults }) => message !== "" && assertionResults.length === 0,
)
for (const { name, message } of broken) console.log(`${name}: ${message}`)
const seconds = Math.round((performance.now() - startedAt) / 1_000)
console.log(
  `\n${counts.passed} passed, ${counts.failed} failed, in ${seconds} s ("never": the instant does not come in this kind of work)`,
)
process.exitCode = counts.failed === 0 && broken.length === 0 && counts.passed > 0 ? 0 : 1
