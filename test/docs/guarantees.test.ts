import { readFileSync } from "node:fs"
import { resolve } from "node:path"

import { describe, expect, it } from "vitest"

import { relativeLinks, titledLinks } from "../../scripts/docs/links.ts"
import { root } from "../../scripts/docs/pages.ts"

const docs = resolve(root, "docs")
const page = readFileSync(resolve(docs, "guarantees.md"), "utf8")
const [promised = "", notPromised = ""] = page.split("## What cannot be promised")

/** The rows of a page's tables, without their heads. */
function rows(text: string): readonly string[] {
  return text.split("\n").filter((line, nth, all) => line.startsWith("| ") && !all[nth + 1]?.startsWith("|---"))
}

describe("docs/guarantees.md", () => {
  it("has a test for every promise", () => {
    const proofs = rows(promised).map((row) => ({
      row,
      tests: relativeLinks(row).filter((link) => link.includes(".test.ts")),
    }))
    expect(proofs.length).toBeGreaterThan(30)
    expect(proofs.filter(({ tests }) => tests.length === 0)).toEqual([])
  })

  it("names tests that there are", () => {
    const proofs = titledLinks(page)
    expect(proofs.length).toBeGreaterThan(30)
    const missing = proofs.filter(
      ({ target, title }) => !readFileSync(resolve(docs, target), "utf8").includes(`"${title}"`),
    )
    expect(missing).toEqual([])
  })

  it("says of everything that cannot be promised why, and what to do", () => {
    expect(rows(notPromised).length).toBeGreaterThan(10)
    for (const row of rows(notPromised)) expect(row.split(" | ").filter((cell) => cell.trim() !== "")).toHaveLength(3)
  })
})
