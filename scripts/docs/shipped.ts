import { globSync, readFileSync } from "node:fs"
import { dirname, join, resolve } from "node:path"

import { withoutDeadLinks } from "./links.ts"
import { root } from "./pages.ts"

/** It answers the text that the project began with, and nobody's question. */
const AT_HOME = "seed-parity.md"

/**
 * What the package core brings of `docs/`, since errors and advice name these pages and the reader has nothing but the package: by their
 * paths below `docs`. A link to what is not brought (sources, pictures, the READMEs) keeps only its words.
 */
export function shippedPages(): ReadonlyMap<string, string> {
  const docs = resolve(root, "docs")
  const paths = globSync("**/*.md", { cwd: docs })
    .filter((path) => path !== AT_HOME)
    .toSorted()
  const shipped = new Set(paths)
  return new Map(
    paths.map((path) => [
      path,
      withoutDeadLinks(readFileSync(join(docs, path), "utf8"), (target) => {
        const [place = ""] = target.split("#")
        return place === "" || shipped.has(join(dirname(path), place))
      }),
    ]),
  )
}
