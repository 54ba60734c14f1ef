import { spawnSync } from "node:child_process"
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { join, resolve } from "node:path"

import { sourcesOf, type Ending, type Size } from "./sources.ts"

const root = resolve(import.meta.dirname, "../../..")
const tsc = join(root, "node_modules/.bin/tsc")

/** As whoever installs the packages sees them: declarations, and no sources to check. */
const DECLARATIONS = {
  "@kysely-resilient/driver": [join(root, "packages/driver/dist/index.d.ts")],
  "@kysely-resilient/core": [join(root, "packages/core/dist/index.d.ts")],
  "@kysely-resilient/core/schema": [join(root, "packages/core/dist/schema/index.d.ts")],
}

/** What the compiler had to do for the types of a program. The same program gives the same number. */
export interface TypeCost {
  readonly instantiations: number
  readonly types: number
  readonly checkMs: number
}

/** Brings the declarations up to date. */
export function buildDeclarations(): void {
  const { status, stdout } = spawnSync(tsc, ["-b", join(root, "packages/core")], { encoding: "utf8" })
  if (status !== 0) throw new Error(stdout)
}

/** Writes the program, compiles it with one thread, and reads the compiler's own report. Throws if it does not compile. */
export function typeCostOf(size: Size, ending: Ending): TypeCost {
  // In the repository, so that the packages are found as by any other program in it.
  mkdirSync(join(root, "node_modules/.cache"), { recursive: true })
  const folder = mkdtempSync(join(root, "node_modules/.cache/type-cost-"))
  try {
    for (const [name, text] of Object.entries(sourcesOf(size, ending))) writeFileSync(join(folder, name), text)
    writeFileSync(
      join(folder, "tsconfig.json"),
      JSON.stringify({
        extends: join(root, "tsconfig.base.json"),
        compilerOptions: {
          composite: false,
          declaration: false,
          isolatedDeclarations: false,
          noEmit: true,
          rewriteRelativeImportExtensions: false,
          allowImportingTsExtensions: true,
          paths: DECLARATIONS,
        },
        include: ["."],
      }),
    )
    return reportOf(folder)
  } finally {
    rmSync(folder, { recursive: true, force: true })
  }
}

function reportOf(folder: string): TypeCost {
  const parameters = ["-p", folder, "--extendedDiagnostics", "--singleThreaded"]
  const { status, stdout, stderr, error } = spawnSync(tsc, parameters, {
    encoding: "utf8",
  })
  if (status !== 0) throw new Error(`It does not compile: ${error?.message ?? ""}${stdout.slice(0, 3000)}${stderr}`)
  const figure = (name: string): number => {
    const found = new RegExp(`^${name}:\\s+([\\d.]+)`, "m").exec(stdout)?.[1]
    if (found === undefined) throw new Error(`The compiler reports no "${name}":\n${stdout}`)
    return Number(found)
  }
  return {
    instantiations: figure("Instantiations"),
    types: figure("Types"),
    checkMs: Math.round(figure("Check time") * 1000),
  }
}
