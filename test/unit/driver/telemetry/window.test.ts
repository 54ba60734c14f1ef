import { SlidingWindow } from "@kysely-resilient/driver/src/telemetry/window.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

class Notes {
  readonly at: number[] = []
  clear(): void {
    this.at.length = 0
  }
}

function window(clock: FakeClock): SlidingWindow<Notes> {
  return new SlidingWindow(clock, { windowMs: 60_000, slices: 6, make: () => new Notes() })
}

function remembered(of: SlidingWindow<Notes>): number[] {
  return of
    .remembered()
    .flatMap((notes) => notes.at)
    .toSorted((a, b) => a - b)
}

describe("SlidingWindow", () => {
  it("remembers what was noted a moment ago", async () => {
    const clock = new FakeClock()
    const sliding = window(clock)
    sliding.current().at.push(1)
    await clock.advance(9_000)
    sliding.current().at.push(2)
    expect(remembered(sliding)).toEqual([1, 2])
  })

  it("has forgotten after its length, though nobody asked in between", async () => {
    const clock = new FakeClock()
    const sliding = window(clock)
    sliding.current().at.push(1)
    await clock.advance(60_000)
    expect(remembered(sliding)).toEqual([])
  })

  it("still knows, shortly before its length less one slice, what it then forgets a slice at a time", async () => {
    const clock = new FakeClock()
    const sliding = window(clock)
    sliding.current().at.push(1)
    await clock.advance(49_999)
    sliding.current().at.push(2)
    expect(remembered(sliding)).toEqual([1, 2])
    await clock.advance(11_000)
    expect(remembered(sliding)).toEqual([2])
  })

  it("sets no timer", () => {
    const clock = new FakeClock()
    window(clock).current()
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("property: everything younger than the window less a slice is there, nothing older than the window is", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.integer({ min: 0, max: 25_000 }), { maxLength: 40, size: "max" }),
        async (pauses) => {
          const clock = new FakeClock()
          const sliding = window(clock)
          const noted: number[] = []
          for (const pause of pauses) {
            await clock.advance(pause)
            sliding.current().at.push(clock.now())
            noted.push(clock.now())
            const known = remembered(sliding)
            expect(known.filter((at) => clock.now() - at >= 60_000)).toEqual([])
            const young = noted.filter((at) => clock.now() - at <= 50_000)
            expect(known.slice(-young.length)).toEqual(young)
          }
        },
      ),
      { numRuns: 50 },
    )
  })
})
