import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { docsOf } from "@kysely-resilient/core/src/errors/docs.ts"
import { REMEDIES } from "@kysely-resilient/core/src/errors/remedies.ts"
import { DOCS } from "@kysely-resilient/core/src/foundation/docs.ts"
import { ERRNO_CODES } from "@kysely-resilient/driver/src/failure/network.ts"
import { SQLSTATE_CLASSES, SQLSTATES } from "@kysely-resilient/driver/src/failure/sqlstate.ts"
import { describe, expect, it } from "vitest"

import { errorsPage } from "../../scripts/docs/errors/page.ts"
import { anchorsOf } from "../../scripts/docs/links.ts"
import { root } from "../../scripts/docs/pages.ts"

const page = readFileSync(resolve(root, "docs/errors.md"), "utf8")

/** The cells of the row that begins with this. */
function rowOf(name: string): string[] {
  const found = page
    .split("\n")
    .filter((line) => line.startsWith(`| \`${name}\` |`) || line.startsWith(`| \`${name}\`<a `))
  expect(found, name).toHaveLength(1)
  return (found[0] ?? "").split(" | ").map((cell) => cell.replaceAll(/^\| | \|$/g, ""))
}

describe("docs/errors.md", () => {
  it("is what the verdict table says (else: pnpm docs:sync)", () => {
    expect(page).toBe(errorsPage())
  })

  it("has a row for every kind, SQLSTATE, class and code", () => {
    const names = [
      ...Object.keys(REMEDIES),
      ...SQLSTATES,
      ...SQLSTATE_CLASSES.map((two) => `${two}…`),
      ...ERRNO_CODES.map(({ code }) => code),
    ]
    expect(names.filter((name) => rowOf(name).length < 6)).toEqual([])
  })

  it("has the anchor that an error's docs lead to", () => {
    for (const kind of Object.keys(REMEDIES)) {
      const [place = "", anchor = ""] = docsOf(kind).split("#")
      expect(place).toBe(`${DOCS}/errors.md`)
      expect(anchorsOf(page), kind).toContain(anchor)
    }
  })

  it("has no cell that is empty where something must be said", () => {
    for (const kind of Object.keys(REMEDIES)) expect(rowOf(kind).filter((cell) => cell.trim() === "")).toEqual([])
  })

  it.each([
    ["23505", ["`23505`", "`unique_violation`", "statement", "", "told", "told", "told", "told", "kept"]],
    ["40001", ["`40001`", "`serialization_failure`", "statement", "", "again", "again", "rerun", "rerun", "kept"]],
    ["57P01", ["`57P01`", "`server_shutdown`", "server", "again", "again", "again", "rerun", "rerun", "replaced"]],
    [
      "ECONNRESET",
      [
        "`ECONNRESET`",
        "socket",
        "`connection_failed`",
        "server",
        "again",
        "again",
        "found out",
        "rerun",
        "found out",
        "replaced",
      ],
    ],
    [
      "57P02",
      ["`57P02`", "`server_crashed`", "server", "again", "again", "found out", "rerun", "found out", "all replaced"],
    ],
  ])("says of %s what the laws say", (name, cells) => {
    expect(rowOf(name)).toEqual(cells)
  })
})
