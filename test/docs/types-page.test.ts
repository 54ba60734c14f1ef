import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { expect, it } from "vitest"

import { root } from "../../scripts/docs/pages.ts"
import { withTypesTable } from "../../scripts/docs/types-table.ts"

const page = readFileSync(resolve(root, "docs/types.md"), "utf8")

it("the table of types is what the code does (else: pnpm docs:sync)", () => {
  expect(withTypesTable(page)).toBe(page)
  expect(page).toMatch(/\| `int8` \| `bigint` \|/)
})
