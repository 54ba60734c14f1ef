import { spawnSync } from "node:child_process"
import { cpSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import { parseArgs } from "node:util"

import { bugs, type Bug } from "./bugs.ts"

/**
 * Is the simulation worth anything? Plants one bug at a time in a copy of the sources and lets the simulation run there until
 * it finds something wrong: `node test/simulation/planted/main.ts [--seeds N] [--only WORDS]`.
 */
const { values } = parseArgs({
  options: { seeds: { type: "string", default: "6000" }, only: { type: "string", default: "" } },
})

const root = resolve(import.meta.dirname, "../../..")
const copy = mkdtempSync(join(tmpdir(), "planted-"))

function copySources(): void {
  const filter = (path: string): boolean => !/\/dist(\/|$)/.test(path)
  cpSync(join(root, "packages"), join(copy, "packages"), { recursive: true, verbatimSymlinks: true, filter })
  for (const folder of ["simulation", "support"]) {
    cpSync(join(root, "test", folder), join(copy, "test", folder), { recursive: true })
  }
  const modules = join(copy, "node_modules")
  mkdirSync(modules)
  for (const name of readdirSync(join(root, "node_modules"))) {
    if (name !== "@kysely-resilient") symlinkSync(join(root, "node_modules", name), join(modules, name))
  }
  // These are links to the packages next to them: in the copy to the copy's.
  const ours = "@kysely-resilient"
  cpSync(join(root, "node_modules", ours), join(modules, ours), { recursive: true, verbatimSymlinks: true })
  writeFileSync(join(copy, "package.json"), `{ "type": "module" }`)
}

interface Caught {
  readonly caught: boolean
  readonly text: string
}

function simulate(): Caught {
  const script = join(copy, "test/simulation/main.ts")
  const { status, stdout, stderr } = spawnSync(
    process.execPath,
    [script, "--seed", "1", "--seeds", values.seeds, "--first"],
    { encoding: "utf8", timeout: 300_000 },
  )
  const text = [...stdout.trim().split("\n"), ...stderr.trim().split("\n")].filter((line) => line !== "").slice(-2)
  return { caught: status !== 0, text: text.join(" | ") }
}

/** How to undo it; undefined if the place is not there, or not the only one. */
function plant({ file, right, wrong }: Bug): (() => void) | undefined {
  const path = join(copy, "packages/driver/src", file)
  const source = readFileSync(path, "utf8")
  if (source.split(right).length !== 2) return undefined
  writeFileSync(
    path,
    source.replace(right, () => wrong),
  )
  return () => writeFileSync(path, source)
}

let missed = 0
function report(caught: boolean, name: string, text: string): void {
  if (!caught) missed += 1
  process.stdout.write(`${caught ? "caught" : "MISSED"}  ${name}\n        ${text}\n`)
}

try {
  copySources()
  const unharmed = simulate()
  report(!unharmed.caught, "(no bug: nothing must be found)", unharmed.text)
  for (const bug of bugs.filter(({ name }) => name.includes(values.only))) {
    const restore = plant(bug)
    if (restore === undefined) {
      report(false, bug.name, `${bug.file} has changed: this cannot be planted there any more`)
      continue
    }
    const { caught, text } = simulate()
    report(caught, bug.name, text)
    restore()
  }
} finally {
  rmSync(copy, { recursive: true, force: true })
}
process.exitCode = missed > 0 ? 1 : 0
