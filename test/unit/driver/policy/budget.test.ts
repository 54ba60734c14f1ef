import { Budget, DEFAULT_BUDGET } from "@kysely-resilient/driver/src/policy/budget.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const lost = { blame: "server" } as const
const conflict = { blame: "statement" } as const

describe("Budget", () => {
  it("is full at first, and then it is spent", () => {
    const budget = new Budget({ ratio: 0.1, burst: 3 })
    for (let n = 0; n < 3; n += 1) {
      expect(budget.affords(lost)).toBe(true)
      budget.spend(lost)
    }
    expect(budget.affords(lost)).toBe(false)
    expect(budget.left).toBe(0)
  })

  it("gives one retry back for ten statements that succeeded, and never more than it held at first", () => {
    const budget = new Budget({ ratio: 0.1, burst: 1 })
    budget.spend(lost)
    for (let n = 0; n < 9; n += 1) budget.earn()
    expect(budget.affords(lost)).toBe(false)
    budget.earn()
    expect(budget.affords(lost)).toBe(true)
    for (let n = 0; n < 1_000; n += 1) budget.earn()
    budget.spend(lost)
    expect(budget.affords(lost)).toBe(false)
  })

  it("asks a tenth for a conflict", () => {
    const budget = new Budget({ ratio: 0.1, burst: 1 })
    for (let n = 0; n < 10; n += 1) {
      expect(budget.affords(conflict)).toBe(true)
      budget.spend(conflict)
    }
    expect(budget.affords(conflict)).toBe(false)
    budget.earn()
    expect(budget.affords(conflict)).toBe(true)
    expect(budget.affords(lost)).toBe(false)
  })

  it("lets everything that a restart interrupts be tried as often as it may, on a pool of the usual size", () => {
    const budget = new Budget(DEFAULT_BUDGET)
    for (let retry = 0; retry < 20 * 2 * 2; retry += 1) {
      expect(budget.affords(lost)).toBe(true)
      budget.spend(lost)
    }
  })

  it("affords everything where there is none", () => {
    const budget = new Budget(undefined)
    for (let n = 0; n < 10_000; n += 1) budget.spend(lost)
    budget.earn()
    expect(budget.affords(lost)).toBe(true)
    expect(budget.left).toBe(Infinity)
  })

  it("property: whatever happens in whatever order, retries are at most the burst and the share of what succeeded", () => {
    fc.assert(
      fc.property(
        fc.array(fc.constantFrom("success", "loss", "loss", "conflict"), { size: "max", maxLength: 500 }),
        fc.record({ ratio: fc.constantFrom(0, 0.1, 0.25, 1), burst: fc.nat({ max: 20 }) }),
        (happenings, limits) => {
          const budget = new Budget(limits)
          let successes = 0
          let cost = 0
          for (const happening of happenings) {
            if (happening === "success") {
              successes += 1
              budget.earn()
              continue
            }
            const failure = happening === "loss" ? lost : conflict
            if (!budget.affords(failure)) continue
            budget.spend(failure)
            cost += happening === "loss" ? 1 : 0.1
          }
          expect(cost).toBeLessThanOrEqual(limits.burst + limits.ratio * successes + 1e-6)
        },
      ),
      { numRuns: 500 },
    )
  })
})
