/** Puts the pages where the package core is packed from; run by its `prepack`. */
import { mkdirSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join } from "node:path"

import { root } from "./docs/pages.ts"
import { shippedPages } from "./docs/shipped.ts"

const folder = join(root, "packages/core/docs")
// What is left of pages that are gone would be packed too.
rmSync(folder, { recursive: true, force: true })
for (const [path, page] of shippedPages()) {
  const file = join(folder, path)
  mkdirSync(dirname(file), { recursive: true })
  writeFileSync(file, page)
}
