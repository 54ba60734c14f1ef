import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { advise, type Close } from "../../../../examples/demo/app/advice.ts"

const dayOf = (index: number) => `day ${index}`
const closesOf = (...prices: number[]): Close[] => prices.map((close, index) => ({ day: dayOf(index), close }))

const prices = fc.array(fc.float({ min: 1, max: 10_000, noNaN: true }), { minLength: 1, maxLength: 120, size: "max" })
const averages = fc
  .tuple(fc.integer({ min: 1, max: 5 }), fc.integer({ min: 1, max: 20 }))
  .map(([fastDays, more]) => ({ fastDays, slowDays: fastDays + more }))

const strengthOf = (last: number) => advise(closesOf(100, last), { fastDays: 1, slowDays: 2 })[0]!.strength

describe("advise", () => {
  it("buys when the fast average rises above the slow one, sells when it falls below, and holds in between", () => {
    const closes = closesOf(10, 10, 10, 13, 13, 7, 7)
    expect(advise(closes, { fastDays: 1, slowDays: 3 }).map(({ day, kind }) => [day, kind])).toEqual([
      [dayOf(2), "hold"],
      [dayOf(3), "buy"],
      [dayOf(4), "hold"],
      [dayOf(5), "sell"],
      [dayOf(6), "hold"],
    ])
  })

  it("is silent until the slow average exists", () => {
    expect(advise(closesOf(1, 2), { fastDays: 1, slowDays: 3 })).toEqual([])
  })

  it("is surer the further apart the averages are, and never surer than sure", () => {
    expect(strengthOf(100)).toBe(0)
    expect(strengthOf(102)).toBeGreaterThan(strengthOf(101))
    expect(strengthOf(1_000)).toBe(1)
  })

  it("never buys twice without selling in between, nor the other way round", () => {
    fc.assert(
      fc.property(prices, averages, (values, days) => {
        const turns = advise(closesOf(...values), days).filter(({ kind }) => kind !== "hold")
        for (const [index, { kind }] of turns.entries()) expect(kind).not.toBe(turns[index - 1]?.kind)
      }),
    )
  })

  it("advises the same for a day, to the last digit, however much history comes before", () => {
    fc.assert(
      fc.property(prices, averages, fc.nat(), (values, days, cut) => {
        const closes = closesOf(...values)
        const from = cut % closes.length
        // The day before the first one compared must be known, or a crossing on the first day cannot be seen.
        const window = advise(closes.slice(from), days).slice(1)
        const whole = advise(closes, days)
        expect(window).toEqual(whole.slice(whole.length - window.length))
      }),
    )
  })
})
