import { existsSync, globSync } from "node:fs"
import { resolve } from "node:path"

export const root: string = resolve(import.meta.dirname, "../..")

/** Everything a reader may open: paths relative to the root. */
export function pages(): string[] {
  const found = globSync(["README.md", "docs/**/*.md", "packages/*/README.md"], { cwd: root })
  return found.filter((page) => existsSync(resolve(root, page))).toSorted()
}
