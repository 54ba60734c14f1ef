import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"

import { SourceCopy } from "../../../support/source-copy.ts"
import { bugs } from "./bugs.ts"

/**
 * Is the matrix worth anything? Plants one bug at a time in a copy of the sources, and runs there the cells that must notice:
 * `node test/fault/matrix/planted/main.ts [--only WORDS]`.
 */
const { values } = parseArgs({ options: { only: { type: "string", default: "" } } })
const copy = new SourceCopy(["test", "scripts", "vitest.config.ts", "tsconfig.base.json", "tsconfig.json"])

/** Its line of counts. */
function run(where: string, cells: string): { readonly caught: boolean; readonly counts: string } {
  const { status, stdout, stderr } = spawnSync(
    join(copy.folder, "node_modules/.bin/vitest"),
    ["run", "--project", "fault", `test/fault/matrix/${where}`, "-t", cells],
    { cwd: copy.folder, encoding: "utf8", env: { ...process.env, KYSELY_RESILIENT_MATRIX: "all", NO_COLOR: "1" } },
  )
  const counts = /^ *Tests +(?<counts>.*)$/m.exec(stdout)?.groups?.["counts"]
  // Without counts nothing was tried: that is no catch.
  return {
    caught: status !== 0 && counts?.includes("failed") === true,
    counts: counts ?? `nothing ran: ${stdout}${stderr}`,
  }
}

let missed = 0
try {
  for (const bug of bugs.filter(({ name }) => name.includes(values.only))) {
    const restore = copy.plant(bug)
    if (restore === undefined) console.log(`${bug.file} has changed: "${bug.name}" cannot be planted there any more`)
    const { caught, counts } = restore === undefined ? { caught: false, counts: "" } : run(bug.where, bug.cells)
    restore?.()
    if (!caught) missed += 1
    console.log(`${caught ? "caught" : "MISSED"}  ${bug.name}\n        ${counts}`)
  }
} finally {
  copy[Symbol.dispose]()
}
process.exitCode = missed > 0 ? 1 : 0
