import { probePauseMs } from "@kysely-resilient/driver/src/policy/probing.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const never = (): number => 0

describe("probePauseMs", () => {
  it.each([
    [1, 0, 25],
    [2, 25, 50],
    [3, 75, 100],
    [4, 175, 200],
    [5, 375, 250],
    [100, 25_000, 250],
    [160, 40_000, 400],
    [1_000, 100_000, 1_000],
    [1_000_000, 86_400_000, 1_000],
  ])("after %i attempts in %i ms is at most %i ms", (attempts, outageMs, longest) => {
    expect(probePauseMs(attempts, outageMs, never)).toBe(longest)
  })

  it("sees the end within a quarter of a second in the first 25 seconds, and adds a hundredth to a longer outage", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e9 }),
        fc.double({ min: 0, max: 1e9, noNaN: true }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (attempts, outageMs, chance) => {
          const pauseMs = probePauseMs(attempts, outageMs, () => chance)
          expect(pauseMs).toBeLessThanOrEqual(Math.max(250, Math.min(1_000, outageMs / 100)) + 1e-6)
          expect(pauseMs).toBeGreaterThan(23)
          if (attempts > 4) expect(pauseMs).toBeGreaterThan(237)
        },
      ),
    )
  })
})
