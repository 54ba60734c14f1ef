import { FailureWindow } from "@kysely-resilient/driver/src/policy/failure-window.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

describe("FailureWindow", () => {
  it("forgets what is older than it, also after an hour in which nobody asked", async () => {
    const clock = new FakeClock()
    const window = new FailureWindow(clock, 10_000)
    for (let n = 0; n < 9; n += 1) window.add()
    await clock.advance(3_600_000)
    window.add()
    expect(window.failures).toBe(1)
  })

  it("forgets everything when it is told to", () => {
    const window = new FailureWindow(new FakeClock(), 10_000)
    window.add()
    window.clear()
    expect(window.failures).toBe(0)
    window.add()
    expect(window.failures).toBe(1)
  })

  it("property: counts what came within its time, but for one bucket", () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: 0, max: 4_000 }), { maxLength: 60 }), (pauses) => {
        const clock = new FakeClock()
        const window = new FailureWindow(clock, 10_000)
        const times: number[] = []
        for (const ms of pauses) {
          clock.jump(ms)
          window.add()
          times.push(clock.now())
        }
        const within = (ms: number): number => times.filter((at) => at > clock.now() - ms).length
        expect(window.failures).toBeLessThanOrEqual(within(10_000))
        expect(window.failures).toBeGreaterThanOrEqual(within(9_500))
      }),
    )
  })
})
