import { spawnSync } from "node:child_process"
import { resolve } from "node:path"

import { beforeAll, describe, expect, it } from "vitest"

import { buildDeclarations, typeCostOf } from "../support/type-cost/measure.ts"

const root = resolve(import.meta.dirname, "../..")
const LIMIT_MS = 240_000

beforeAll(() => buildDeclarations(), LIMIT_MS)

describe("the type tests", () => {
  // With the newest the project "types" runs them; there against sources, here against the declarations that are published.
  it.each([
    ["newest", "typescript/bin/tsc"],
    ["oldest", "typescript-5.9/bin/tsc"],
  ])(
    "pass with the %s TypeScript that is promised",
    (_, compiler) => {
      const tsc = resolve(root, "node_modules", compiler)
      const { stdout } = spawnSync(process.execPath, [tsc, "-p", "test/types/declarations.tsconfig.json"], {
        cwd: root,
        encoding: "utf8",
      })
      expect(stdout).toBe("")
    },
    LIMIT_MS,
  )
})

describe("types cost the compiler", () => {
  const size = { tables: 60, columns: 15, queries: 150 }

  it(
    "little more than Kysely's own: of a whole program at most 1.25, and through $call 1.12",
    () => {
      const native = typeCostOf(size, "query.execute()")
      const ratio = (ours: number): number => ours / native.instantiations
      expect(ratio(typeCostOf(size, "db.all(query)").instantiations)).toBeLessThan(1.25)
      expect(ratio(typeCostOf(size, "query.$call(db.all)").instantiations)).toBeLessThan(1.12)
    },
    LIMIT_MS,
  )
})
