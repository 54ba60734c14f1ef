import { spawnSync } from "node:child_process"
import { join } from "node:path"
import { parseArgs } from "node:util"

import { SourceCopy } from "../../support/source-copy.ts"
import { bugs } from "./bugs.ts"

/**
 * Is the simulation worth anything? Plants one bug at a time in a copy of the sources and lets the simulation run there until
 * it finds something wrong, in what once went wrong or by chance: `node test/simulation/planted/main.ts [--seeds N] [--only WORDS]`.
 */
const { values } = parseArgs({
  options: { seeds: { type: "string", default: "6000" }, only: { type: "string", default: "" } },
})

const copy = new SourceCopy(["test/simulation", "test/support"])

interface Caught {
  readonly caught: boolean
  readonly text: string
}

function simulate(): Caught {
  const script = join(copy.folder, "test/simulation/main.ts")
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, "--seed", "1", "--seeds", values.seeds, "--known", "--first"],
    { encoding: "utf8", timeout: 300_000 },
  )
  const text = [...stdout.trim().split("\n"), ...stderr.trim().split("\n")].filter((line) => line !== "").slice(-2)
  return { caught: status !== 0, text: text.join(" | ") }
}

let missed = 0
function report(caught: boolean, name: string, text: string): void {
  if (!caught) missed += 1
  process.stdout.write(`${caught ? "caught" : "MISSED"}  ${name}\n        ${text}\n`)
}

try {
  const unharmed = simulate()
  report(!unharmed.caught, "(no bug: nothing must be found)", unharmed.text)
  for (const bug of bugs.filter(({ name }) => name.includes(values.only))) {
    const restore = copy.plant(bug)
    if (restore === undefined) {
      report(false, bug.name, `${bug.file} has changed: this cannot be planted there any more`)
      continue
    }
    const { caught, text } = simulate()
    report(caught, bug.name, text)
    restore()
  }
} finally {
  copy[Symbol.dispose]()
}
process.exitCode = missed > 0 ? 1 : 0
