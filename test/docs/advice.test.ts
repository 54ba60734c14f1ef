import { globSync, readFileSync } from "node:fs"
import { resolve } from "node:path"

import { adviceOf } from "@kysely-resilient/core/src/advice/advice.ts"
import { MEMORY_RULES } from "@kysely-resilient/core/src/advice/memory-rules.ts"
import { SERVER_RULES } from "@kysely-resilient/core/src/advice/server-rules.ts"
import { DOCS } from "@kysely-resilient/core/src/foundation/docs.ts"
import { describe, expect, it } from "vitest"

import { advicePage } from "../../scripts/docs/advice.ts"
import { embed } from "../../scripts/docs/code-blocks.ts"
import { anchorsOf } from "../../scripts/docs/links.ts"
import { root } from "../../scripts/docs/pages.ts"

const read = (path: string): string => readFileSync(resolve(root, path), "utf8")
const page = read("docs/advice.md")
const rules = [...MEMORY_RULES, ...SERVER_RULES]

describe("docs/advice.md", () => {
  it("is what the rules say (else: pnpm docs:sync)", () => {
    expect(page).toBe(embed(advicePage(), read))
  })

  it("has the section that each piece of advice leads to", () => {
    const anchors = anchorsOf(page)
    for (const { code } of rules) {
      const { docs } = adviceOf(code, { severity: "info", message: "", action: "", evidence: {} }, 0)
      const [place = "", anchor = ""] = docs.split("#")
      expect(place).toBe(`${DOCS}/advice.md`)
      expect(anchors).toContain(anchor)
    }
  })
})

describe("the rules", () => {
  it("are all in a list, one a file, and no two of the same code", () => {
    const files = globSync("packages/core/src/advice/rules/*.ts", { cwd: root })
    const codes = files.map((file) => {
      const found = [...read(file).matchAll(/^ {2}code: "(?<code>[A-Z0-9_]+)",$/gm)]
      expect(found, file).toHaveLength(1)
      return found[0]?.groups?.["code"] ?? ""
    })
    expect(codes.toSorted()).toEqual(rules.map(({ code }) => code).toSorted())
    expect(new Set(codes).size).toBe(codes.length)
  })

  it("have words that fit the page's sentences", () => {
    for (const { code, when, why } of rules) {
      expect(when, code).toMatch(/^[a-z`].*[^.]$/)
      expect(why, code).toMatch(/^[A-Z].*\.$/)
    }
  })
})
