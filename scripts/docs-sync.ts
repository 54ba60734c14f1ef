/** Copies the examples into the pages that show them. */
import { readFileSync, writeFileSync } from "node:fs"
import { resolve } from "node:path"

import { embed } from "./docs/code-blocks.ts"
import { pages, root } from "./docs/pages.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")

for (const page of pages()) {
  const before = read(page)
  const after = embed(before, read)
  if (after === before) continue
  writeFileSync(resolve(root, page), after)
  console.log(`${page} was brought up to date`)
}
