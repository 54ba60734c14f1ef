import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { frame, lineOf, sparkline } from "../../../examples/demo/frame.ts"
import type { FaultLine, View } from "../../../examples/demo/view.ts"

const tally = {
  operations: 10,
  affected: 3,
  retried: 2,
  resolved: 0,
  surfaced: { needed: 1, avoidable: 0 },
  unknown: 0,
}
const fault = (title: string, change: Partial<FaultLine> = {}): FaultLine => ({
  ...tally,
  name: title,
  title,
  state: "passed",
  hits: 1,
  recoveryMs: 31,
  unrecovered: 0,
  ...change,
})

const view: View = {
  seed: 4711,
  seconds: 30,
  elapsedMs: 12_300,
  doing: "playing",
  counts: [
    { name: "reads", finished: 12_345 },
    { name: "transfers", finished: 678 },
  ],
  history: [0, 1, 2, 3, 4],
  perSecond: 1_234,
  total: { ...tally, unknown: 2 },
  faults: [fault("a crash"), fault("a stall", { state: "now" }), fault("a deadlock", { state: "pending" })],
}

const plain = (_: string, text: string) => text
const coloured = (_: string, text: string) => `\u001B[32m${text}\u001B[39m`

describe("frame", () => {
  it("tells faults that are over, on, and to come apart without colours", () => {
    const drawn = frame(view, plain).join("\n")
    expect(drawn).toMatch(/✓ a crash +hit 1× +3 felt it +back in 31 ms/)
    expect(drawn).toMatch(/● a stall +now/)
    expect(drawn).toMatch(/· a deadlock/)
  })

  it.each([
    ["hit nothing", { hits: 0 }],
    ["was not recovered from", { unrecovered: 1 }],
  ])("marks a fault that %s", (_, change) => {
    expect(frame({ ...view, faults: [fault("a crash", change)] }, plain).join("\n")).toContain("✗ a crash")
  })

  it("has the same number of lines and fits 80 columns at every moment", () => {
    fc.assert(
      fc.property(
        fc.nat(60_000),
        fc.nat(1_000_000),
        fc.array(fc.nat(5_000), { maxLength: 40 }),
        (ms, count, history) => {
          const later: View = {
            ...view,
            elapsedMs: ms,
            history,
            counts: [{ name: "reads", finished: count }],
            perSecond: count,
          }
          const drawn = frame(later, plain)
          expect(drawn).toHaveLength(frame(view, plain).length)
          for (const text of drawn) expect(text.length).toBeLessThanOrEqual(80)
        },
      ),
    )
  })

  it("puts the right-hand column in the same place with and without colours", () => {
    const bare = frame(view, plain)
    // oxlint-disable-next-line no-control-regex -- colours begin with the escape character
    const stripped = frame(view, coloured).map((text) => text.replaceAll(/\u001B\[\d+m/g, ""))
    expect(stripped).toEqual(bare)
  })
})

describe("lineOf", () => {
  it("says in one line how far it is, what was done, what went wrong and what is going on", () => {
    expect(lineOf(view).trim()).toBe(
      "12.3 s of 30 s  13,023 operations  2 retried  2 unknown  errors: 1 needed, 0 avoidable  now: a stall",
    )
  })

  it("says what is being done between faults", () => {
    expect(lineOf({ ...view, faults: [] })).toContain("playing")
  })
})

describe("sparkline", () => {
  it("scales to the largest value and survives nothing at all", () => {
    expect(sparkline([0, 50, 100])).toBe("▁▅█")
    expect(sparkline([0, 0])).toBe("▁▁")
    expect(sparkline([])).toBe("")
  })
})
