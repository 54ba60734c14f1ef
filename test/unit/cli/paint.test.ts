import { paintFor } from "@kysely-resilient/cli/src/paint.ts"
import { describe, expect, it } from "vitest"

const terminal = { isTTY: true, write: () => {} }
const file = { write: () => {} }

describe("colours", () => {
  it.each([
    ["a terminal", terminal, {}, true],
    ["a file", file, {}, false],
    ["a terminal with NO_COLOR", terminal, { NO_COLOR: "1" }, false],
    ["a terminal with an empty NO_COLOR, which says nothing", terminal, { NO_COLOR: "" }, true],
    ["a terminal that can do nothing", terminal, { TERM: "dumb" }, false],
    ["a file with FORCE_COLOR", file, { FORCE_COLOR: "1" }, true],
    ["a file with an empty FORCE_COLOR", file, { FORCE_COLOR: "" }, true],
    ["a terminal with FORCE_COLOR=0", terminal, { FORCE_COLOR: "0" }, false],
    ["both: force wins", file, { FORCE_COLOR: "1", NO_COLOR: "1" }, true],
  ])("%s", (_, screen, env, coloured) => {
    expect(paintFor(screen, env)("red", "x")).toBe(coloured ? "\u001B[31mx\u001B[39m" : "x")
  })
})
