import { LogLines } from "@kysely-resilient/testing/src/embedded/log-lines.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

describe("LogLines", () => {
  it("property: keeps the last lines, however the text is cut", () => {
    const words = fc.array(fc.constantFrom("a", "bc\n", "\n", "d e", "f\ng\n"), { maxLength: 60, size: "max" })
    fc.assert(
      fc.property(words, fc.integer({ min: 1, max: 5 }), (texts, linesMax) => {
        const log = new LogLines(linesMax)
        for (const text of texts) log.push(text)
        const lines = texts.join("").split("\n")
        if (lines.at(-1) === "") lines.pop()
        expect(log.last()).toEqual(lines.slice(-linesMax))
      }),
    )
  })
})
