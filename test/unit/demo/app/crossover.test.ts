import fc from "fast-check"
import { describe, expect, it } from "vitest"

import { crossings, type Close } from "../../../../examples/demo/app/crossover.ts"

const dayOf = (index: number) => `day ${index}`
const closesOf = (...prices: number[]): Close[] => prices.map((close, index) => ({ day: dayOf(index), close }))

/** Whole cents, so that sums are exact and both ways of adding agree. */
const prices = fc.array(fc.integer({ min: 100, max: 10_000 }), { maxLength: 120, size: "max" })
const averages = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20 }))
  .map(([fastDays, more]) => ({ fastDays, slowDays: fastDays + more }))

describe("crossings", () => {
  it("buys when the fast average rises above the slow one and sells when it falls below", () => {
    const closes = closesOf(10, 10, 10, 13, 13, 7, 7)
    expect(crossings(closes, { fastDays: 1, slowDays: 3 })).toEqual([
      { day: dayOf(3), side: "buy", close: 13 },
      { day: dayOf(5), side: "sell", close: 7 },
    ])
  })

  it("says nothing before the slow average exists, or while nothing crosses", () => {
    expect(crossings(closesOf(1, 2), { fastDays: 1, slowDays: 3 })).toEqual([])
    expect(crossings(closesOf(1, 2, 3, 4, 5, 6), { fastDays: 1, slowDays: 3 })).toEqual([])
  })

  it("finds what averages taken afresh for every day find", () => {
    fc.assert(
      fc.property(prices, averages, (values, { fastDays, slowDays }) => {
        const mean = (last: number, days: number) =>
          values.slice(last - days + 1, last + 1).reduce((sum, value) => sum + value, 0) / days
        const above = values.map((_, day) =>
          day + 1 < slowDays ? undefined : mean(day, fastDays) > mean(day, slowDays),
        )
        const expected = above.flatMap((now, day) =>
          now === undefined || above[day - 1] === undefined || now === above[day - 1]
            ? []
            : [{ day: dayOf(day), side: now ? "buy" : "sell" }],
        )
        const found = crossings(closesOf(...values), { fastDays, slowDays })
        expect(found.map(({ day, side }) => ({ day, side }))).toEqual(expected)
      }),
    )
  })
})
