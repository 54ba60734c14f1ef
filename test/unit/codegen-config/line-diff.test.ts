import { lineDiff } from "@kysely-resilient/codegen-config/src/line-diff.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const numbers = Array.from({ length: 20 }, (_, index) => `${index + 1}`)

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join("")
}

describe("what changes between two texts", () => {
  it("is shown with three lines around it, and where it is in each", () => {
    const after = [...numbers.slice(0, 9), "ten", ...numbers.slice(10), "21"]
    expect(lineDiff(text(numbers), text(after))).toEqual([
      "@@ -7 +7 @@",
      " 7",
      " 8",
      " 9",
      "-10",
      "+ten",
      " 11",
      " 12",
      " 13",
      "@@ -18 +18 @@",
      " 18",
      " 19",
      " 20",
      "+21",
    ])
  })

  it("is nothing if they are the same, and everything if there was none", () => {
    expect(lineDiff(text(numbers), text(numbers))).toEqual([])
    expect(lineDiff("", "a\nb\n")).toEqual(["@@ -1 +1 @@", "+a", "+b"])
  })

  it("is told as a whole if finding out what stays would take too long", () => {
    const [one, other] = ["a", "b"].map((letter) => Array.from({ length: 2_100 }, (_, at) => `${letter}${at % 7}`))
    const lines = lineDiff(text(one ?? []), text(other ?? []))
    expect(lines).toHaveLength(1 + 2 * 2_100)
  })

  it("leads from the one to the other", () => {
    const lines = fc.array(fc.constantFrom("a", "b", "c", "d"), { maxLength: 20 })
    fc.assert(
      fc.property(lines, lines, (before, after) => {
        const changed = lineDiff(text(before), text(after))
        const shown = changed.filter((line) => !line.startsWith("@@"))
        const starts = changed.flatMap((line) => /^@@ -(\d+)/.exec(line)?.[1] ?? []).map(Number)
        // What is not shown stays; what is shown is taken from its hunk.
        const kept = (sign: string): string[] =>
          shown.filter((line) => !line.startsWith(sign)).map((line) => line.slice(1))
        expect(kept("-").length - kept("+").length).toBe(after.length - before.length)
        const patched: string[] = []
        let at = 0
        for (const line of changed) {
          const start = /^@@ -(\d+)/.exec(line)?.[1]
          if (start !== undefined) {
            while (at < Number(start) - 1) patched.push(before[at++] ?? "")
            continue
          }
          if (line.startsWith(" ")) patched.push(before[at++] ?? "")
          else if (line.startsWith("-")) at++
          else patched.push(line.slice(1))
        }
        expect([...patched, ...before.slice(at)]).toEqual(after)
        expect(starts).toEqual(starts.toSorted((a, b) => a - b))
      }),
    )
  })
})
