import { existsSync, readFileSync, statSync } from "node:fs"
import { dirname, join, relative, resolve } from "node:path"

import { describe, expect, it } from "vitest"

import { anchorsOf, relativeLinks } from "../../scripts/docs/links.ts"
import { pages, root } from "../../scripts/docs/pages.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")

/** Where a link leads, relative to the root; a folder leads to what its README shows. */
function targets(
  page: string,
): { readonly link: string; readonly path: string; readonly anchor: string | undefined }[] {
  return relativeLinks(read(page)).map((link) => {
    const [path = "", anchor] = link.split("#")
    return { link, path: path === "" ? page : relative(root, resolve(root, dirname(page), path)), anchor }
  })
}

describe("the pages", () => {
  it.each(pages())("%s has no dead link", (page) => {
    const dead = targets(page).filter(({ path, anchor }) => {
      const file = resolve(root, path)
      if (!existsSync(file)) return true
      return anchor !== undefined && statSync(file).isFile() && !anchorsOf(read(path)).has(anchor)
    })
    expect(dead).toEqual([])
  })

  it.each(pages())("%s was merged to the end", (page) => {
    expect(read(page)).not.toMatch(/^(<{7}|={7}|>{7})( |$)/m)
  })

  it("lead from the README to the file that decides on a retry in at most three clicks", () => {
    expect(clicksTo("packages/driver/src/policy/decide.ts")).toBeLessThanOrEqual(3)
  })

  it("can all be reached from the README", () => {
    expect(pages().filter((page) => clicksTo(page) === Number.POSITIVE_INFINITY)).toEqual([])
  })
})

describe("the README", () => {
  const titles = [...read("test/fault/plain-stack.test.ts").matchAll(/^describe\("(?:R\d+: )?(?<title>.+?)", /gm)]

  it("reads the defects from the test file", () => {
    expect(titles.length).toBeGreaterThanOrEqual(10)
  })

  it("has a row for every defect that is tested, and no other", () => {
    const rows = read("README.md").split("| on a bad day |")[1]?.split("\n\n")[0] ?? ""
    const named = [...rows.matchAll(/^\| (?<title>[^|]+?) \|/gm)].map((row) => row.groups?.["title"])
    expect(named).toEqual(titles.map((title) => title.groups?.["title"]))
  })
})

/** How many links one has to follow from the README. */
function clicksTo(goal: string): number {
  const seen = new Set(["README.md"])
  let front = ["README.md"]
  for (let clicks = 0; front.length > 0; clicks += 1) {
    if (front.includes(goal)) return clicks
    const next = front.filter((path) => path.endsWith(".md")).flatMap((page) => targets(page).map(({ path }) => path))
    front = [...new Set(next.map(pageOf))].filter((path) => !seen.has(path))
    for (const path of front) seen.add(path)
  }
  return Number.POSITIVE_INFINITY
}

/** A folder shows its README. */
function pageOf(path: string): string {
  const readme = join(path, "README.md")
  return existsSync(resolve(root, readme)) ? readme : path
}
