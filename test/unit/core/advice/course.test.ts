import { nextStandings, type Found } from "@kysely-resilient/core/src/advice/course.ts"
import { describe, expect, it } from "vitest"

const found = (severity: "info" | "warning" | "critical"): Found[] => [
  { code: "X", finding: { severity, message: severity, action: "", evidence: {} } },
]
const after = (...looks: readonly (readonly [at: number, found: Found[]])[]) =>
  looks.reduce(
    (before, [at, seen]) => nextStandings(before, seen, { now: at, wallTime: at }, 10),
    nextStandings([], [], { now: 0, wallTime: 0 }, 10),
  )

describe("what stands", () => {
  it("is worse at once", () => {
    expect(after([0, found("info")], [1, found("critical")])).toMatchObject([
      { since: 0, finding: { severity: "critical" } },
    ])
  })

  it("is better only when that has lasted, with the newest words meanwhile", () => {
    const looks = [
      [0, found("critical")],
      [5, found("warning")],
    ] as const
    expect(after(...looks)).toMatchObject([{ finding: { severity: "critical", message: "warning" } }])
    expect(after(...looks, [9, found("warning")])).toMatchObject([{ finding: { severity: "critical" } }])
    expect(after(...looks, [10, found("warning")])).toMatchObject([{ since: 0, finding: { severity: "warning" } }])
  })

  it("goes when it has not been found for as long, and then begins anew", () => {
    expect(after([0, found("info")], [9, []])).toMatchObject([{ since: 0, passed: true }])
    expect(after([0, found("info")], [10, []])).toEqual([])
    expect(after([0, found("info")], [9, []], [12, found("info")], [21, []])).toMatchObject([{ since: 0 }])
    expect(after([0, found("info")], [9, []], [10, found("info")])[0]).not.toHaveProperty("passed")
    expect(after([0, found("info")], [10, []], [11, found("info")])).toMatchObject([{ since: 11 }])
  })
})
