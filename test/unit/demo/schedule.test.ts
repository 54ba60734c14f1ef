import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { planSchedule, playMsOf } from "../../../examples/demo/schedule.ts"

const faults = ["terminate", "crash", "cut", "stall", "deadlock", "exhaust", "abort", "orphan"] as const
const runs = { seconds: fc.integer({ min: 10, max: 600 }), seed: fc.integer({ min: 0, max: 0xff_ff_ff_ff }) }
const plan = (seconds: number, seed: number) => planSchedule(faults, seed, playMsOf(seconds))

describe("planSchedule", () => {
  it("plays the same schedule for the same seed", () => {
    fc.assert(
      fc.property(runs.seconds, runs.seed, (seconds, seed) => {
        expect(plan(seconds, seed)).toEqual(plan(seconds, seed))
      }),
    )
  })

  it("plays different schedules for different seeds", () => {
    const orders = new Set(Array.from({ length: 50 }, (_, seed) => JSON.stringify(plan(30, seed))))
    expect(orders.size).toBe(50)
  })

  it("plays every fault at least once, however short the run", () => {
    fc.assert(
      fc.property(runs.seconds, runs.seed, (seconds, seed) => {
        expect(new Set(plan(seconds, seed).map(({ fault }) => fault))).toEqual(new Set(faults))
      }),
    )
  })

  it("keeps every fault inside the play, in order, and never plays the same one twice in a row", () => {
    fc.assert(
      fc.property(runs.seconds, runs.seed, (seconds, seed) => {
        const played = plan(seconds, seed)
        for (const [index, { atMs, fault }] of played.entries()) {
          expect(atMs).toBeGreaterThanOrEqual(played[index - 1]?.atMs ?? 0)
          expect(atMs).toBeLessThan(playMsOf(seconds))
          expect(fault).not.toBe(played[index - 1]?.fault)
        }
      }),
    )
  })

  it("leaves room for set-up and the last checks", () => {
    expect(playMsOf(30)).toBe(24_000)
    expect(playMsOf(10)).toBe(7_000)
  })
})
