import { DEFAULT_BACKOFF, delayMs, waitAfter } from "@kysely-resilient/driver/src/policy/backoff.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

const almostOne = (): number => 1 - Number.EPSILON

describe("delayMs", () => {
  it.each([
    ["slow", 1, 500],
    ["slow", 2, 1_000],
    ["slow", 3, 2_000],
    ["slow", 4, 4_000],
    ["slow", 5, 5_000],
    ["slow", 6, 5_000],
    ["quick", 1, 10],
    ["quick", 5, 160],
    ["quick", 6, 250],
  ] as const)("waits at the %s pace after try %i at most %i ms", (pace, attempt, longest) => {
    expect(delayMs(DEFAULT_BACKOFF[pace], attempt, almostOne)).toBeCloseTo(longest, 6)
  })

  it("may come back at once, whatever the try", () => {
    expect(delayMs(DEFAULT_BACKOFF.slow, 4, () => 0)).toBe(0)
  })

  it("spreads evenly between nothing and the bound", () => {
    expect(delayMs({ baseMs: 100, maxMs: 1_000 }, 3, () => 0.25)).toBe(100)
    expect(delayMs({ baseMs: 100, maxMs: 1_000 }, 3, () => 0.5)).toBe(200)
  })

  it("does not wait if it was told not to, however often it failed", () => {
    expect(delayMs({ baseMs: 0, maxMs: 1_000 }, 5_000, almostOne)).toBe(0)
  })

  it("property: is a number between 0 and both bounds, for any try", () => {
    fc.assert(
      fc.property(
        fc.record({ baseMs: fc.nat(60_000), maxMs: fc.nat(60_000) }),
        fc.integer({ min: -1, max: 1_000_000 }),
        fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        (backoff, attempt, chance) => {
          const delay = delayMs(backoff, attempt, () => chance)
          expect(delay).toBeGreaterThanOrEqual(0)
          expect(delay).toBeLessThanOrEqual(backoff.maxMs)
          expect(delay).toBeLessThanOrEqual(backoff.baseMs * 2 ** Math.min(Math.max(0, attempt - 1), 1_000))
        },
      ),
    )
  })
})

describe("waitAfter", () => {
  const half = (): number => 0.5
  const away = { kind: "connection_failed", blame: "server", pace: "slow" } as const

  it.each([
    ["the server was away", away, { leastMs: 10, mostMs: 500 }],
    ["it was, and a retry is quick", { ...away, pace: "quick" }, { leastMs: 10, mostMs: 10 }],
    ["it said when to come back", { ...away, retryAfterMs: 700 }, { leastMs: 10, mostMs: 700 }],
    ["it is there, and strained", { ...away, kind: "resource_exhausted" }, { leastMs: 500, mostMs: 500 }],
    ["we lost the connection by idling", { ...away, blame: "client" }, { leastMs: 500, mostMs: 500 }],
    [
      "two transactions collided",
      { kind: "deadlock_detected", blame: "statement", pace: "quick" },
      { leastMs: 10, mostMs: 10 },
    ],
  ] as const)("knows how long, when %s", (_, failure, wait) => {
    expect(waitAfter(failure, 2, DEFAULT_BACKOFF, half)).toEqual(wait)
  })

  it("never asks for less than the least", () => {
    expect(waitAfter(away, 1, { slow: { baseMs: 2, maxMs: 2 }, quick: { baseMs: 10, maxMs: 10 } }, half)).toEqual({
      leastMs: 1,
      mostMs: 1,
    })
  })
})
