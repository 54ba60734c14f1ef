import { DURATION_BOUNDS_MS, Durations } from "@kysely-resilient/driver/src/telemetry/durations.ts"
import fc from "fast-check"
import { expect, it } from "vitest"

it("counts each duration in the first bucket whose bound it does not exceed", () => {
  const durations = new Durations()
  for (const durationMs of [0, 1, 1.5, 10_000, 10_001]) durations.record(durationMs)
  expect(durations.read()).toEqual({ count: 5, sumMs: 20_003.5, buckets: [2, 1, 0, 0, 0, 0, 0, 0, 1, 1] })
})

it("property: the buckets add up to the count, and each holds what lies between its bounds", () => {
  fc.assert(
    fc.property(fc.array(fc.double({ min: 0, max: 20_000, noNaN: true })), (values) => {
      const durations = new Durations()
      for (const value of values) durations.record(value)
      const { count, buckets } = durations.read()
      expect(count).toBe(values.length)
      const bounds = [...DURATION_BOUNDS_MS, Number.POSITIVE_INFINITY]
      const expected = bounds.map((high, index) => {
        const low = index === 0 ? Number.NEGATIVE_INFINITY : bounds[index - 1]!
        return values.filter((value) => value > low && value <= high).length
      })
      expect(buckets).toEqual(expected)
    }),
  )
})

it("does not change what it has given out", () => {
  const durations = new Durations()
  const before = durations.read()
  durations.record(3)
  expect(before).toEqual({ count: 0, sumMs: 0, buckets: Array.from({ length: 10 }, () => 0) })
})
