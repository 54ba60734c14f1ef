import { BUCKET_RATIO, Histogram } from "@kysely-resilient/driver/src/telemetry/histogram.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

/** Evenly spread over the orders of magnitude that durations have. */
const durations = fc.array(
  fc.double({ min: -4, max: 5.7, noNaN: true }).map((power) => 10 ** power),
  { minLength: 1, maxLength: 500, size: "max" },
)

const quantiles = fc.oneof(fc.constantFrom(0, 0.5, 0.95, 0.99, 1), fc.double({ min: 0, max: 1, noNaN: true }))

function of(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

/** The smallest value that the share `q` of all does not exceed. */
function exact(values: readonly number[], q: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(1, Math.ceil(q * sorted.length)) - 1]!
}

describe("Histogram", () => {
  it("knows nothing when empty", () => {
    expect([of([]).count, of([]).max, of([]).quantile(0.5)]).toEqual([0, 0, 0])
  })

  it("says of a single value what it was", () => {
    expect([0, 0.5, 1].map((q) => of([12.5]).quantile(q))).toEqual([12.5, 12.5, 12.5])
  })

  it("answers at least the value, and at most a bucket more", () => {
    const thousand = of(Array.from({ length: 1_000 }, (_, index) => index + 1))
    expect(thousand.quantile(0.5)).toBeGreaterThanOrEqual(500)
    expect(thousand.quantile(0.5)).toBeLessThanOrEqual(500 * BUCKET_RATIO)
    expect(thousand.quantile(0.99)).toBeGreaterThanOrEqual(990)
    expect(thousand.quantile(0.99)).toBeLessThanOrEqual(1_000)
    expect(thousand.max).toBe(1_000)
  })

  it.each([
    ["shorter than the first bucket", 0.000_1],
    ["nothing", 0],
    ["negative, by a clock's fault", -3],
    ["not a number", Number.NaN],
  ])("takes what is %s as the shortest", (_, value) => {
    const histogram = of([value, 100])
    expect(histogram.count).toBe(2)
    expect(histogram.quantile(0.5)).toBeCloseTo(0.05, 10)
  })

  it("keeps what is longer than its last bucket by its true length", () => {
    expect(of([1, 3_600_000]).quantile(1)).toBe(3_600_000)
    expect(of([1, Number.POSITIVE_INFINITY]).quantile(0.5)).toBeLessThanOrEqual(BUCKET_RATIO)
  })

  it("property: any quantile is the sorted array's, at most one bucket too high and never too low", () => {
    fc.assert(
      fc.property(durations, quantiles, (values, q) => {
        const truth = exact(values, q)
        const answer = of(values).quantile(q)
        expect(answer).toBeGreaterThanOrEqual(truth * (1 - 1e-9))
        expect(answer).toBeLessThanOrEqual(Math.max(truth * BUCKET_RATIO, 0.05) * (1 + 1e-9))
      }),
      { numRuns: 500 },
    )
  })

  it("property: two merged are as if one had recorded all", () => {
    fc.assert(
      fc.property(durations, durations, quantiles, (some, others, q) => {
        const merged = of(some)
        merged.merge(of(others))
        const whole = of([...some, ...others])
        expect([merged.count, merged.max, merged.quantile(q)]).toEqual([whole.count, whole.max, whole.quantile(q)])
      }),
    )
  })

  it("property: a cleared one is as good as new", () => {
    fc.assert(
      fc.property(durations, durations, quantiles, (before, after, q) => {
        const histogram = of(before)
        histogram.clear()
        for (const value of after) histogram.record(value)
        expect([histogram.count, histogram.max, histogram.quantile(q)]).toEqual([
          after.length,
          of(after).max,
          of(after).quantile(q),
        ])
      }),
    )
  })
})
