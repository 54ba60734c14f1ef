/** Copies the examples into the pages that show them, and writes the pages that are made of code. */
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"

import { advicePage } from "./docs/advice.ts"
import { embed } from "./docs/code-blocks.ts"
import { errorsPage } from "./docs/errors/page.ts"
import { pages, root } from "./docs/pages.ts"
import { withTypesTable } from "./docs/types-table.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")

function bring(page: string, before: string, after: string): void {
  if (after === before) return
  writeFileSync(resolve(root, page), after)
  console.log(`${page} was brought up to date`)
}

const advice = "docs/advice.md"
bring(advice, existsSync(resolve(root, advice)) ? read(advice) : "", embed(advicePage(), read))
const errors = "docs/errors.md"
bring(errors, existsSync(resolve(root, errors)) ? read(errors) : "", errorsPage())
for (const page of pages()) bring(page, read(page), withTypesTable(embed(read(page), read)))
