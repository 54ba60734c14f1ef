import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import type { Clock } from "@kysely-resilient/driver/src/foundation/clock.ts"
import { Timetable } from "@kysely-resilient/driver/src/foundation/timetable.ts"

import { FakeClock } from "../../../support/fake-clock.ts"

function setUp() {
  const clock = new FakeClock()
  const told: string[] = []
  return { clock, start: clock.now(), told, timetable: new Timetable<string>(clock, (item) => told.push(item)) }
}

describe("Timetable", () => {
  it("tells of each item when it is due, never before, in the order in which they were added", async () => {
    const { clock, start, told, timetable } = setUp()
    timetable.add(start + 20, "late")
    timetable.add(start + 9.5, "first")
    timetable.add(start + 10, "second")
    await clock.advance(9)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toEqual(["first", "second"])
    await clock.advance(10)
    expect(told).toEqual(["first", "second", "late"])
  })

  it("sets one timer for all that are due in the same millisecond, and none when they are gone", () => {
    const { clock, start, timetable } = setUp()
    for (let n = 0; n < 1_000; n += 1) timetable.add(start + 5 - n / 2_000, `item ${n}`)
    expect(clock.timers.foreground).toBe(1)
    for (let n = 0; n < 1_000; n += 1) timetable.remove(start + 5 - n / 2_000, `item ${n}`)
    expect(clock.timers.foreground).toBe(0)
  })

  it("does not tell of one that was removed, even by another that is told of at the same moment", async () => {
    const clock = new FakeClock()
    const at = clock.now() + 10
    const told: string[] = []
    const timetable: Timetable<string> = new Timetable(clock, (item) => {
      told.push(item)
      timetable.remove(at, "second")
      if (item === "first") timetable.add(at, "third")
    })
    timetable.add(at, "first")
    timetable.add(at, "second")
    await clock.advance(20)
    expect(told).toEqual(["first", "third"])
    expect(clock.timers.foreground).toBe(0)
  })

  it("ignores the removal of what is not in it", () => {
    const { clock, start, timetable } = setUp()
    timetable.add(start + 10, "one")
    timetable.remove(start + 10, "other")
    timetable.remove(start + 11, "one")
    expect(clock.timers.foreground).toBe(1)
  })

  it("waits longer than the clock's longest delay, and for ever if that was asked", async () => {
    const clock = new FakeClock()
    const short: Clock = {
      now: () => clock.now(),
      wallTime: () => clock.wallTime(),
      after: (delayMs, run, options) => clock.after(Math.min(delayMs, 100), run, options),
    }
    const told: string[] = []
    const timetable = new Timetable<string>(short, (item) => told.push(item))
    timetable.add(clock.now() + 250, "finite")
    timetable.add(Infinity, "never")
    await clock.advance(249)
    expect(told).toEqual([])
    await clock.advance(1)
    expect(told).toEqual(["finite"])
    await clock.advance(10_000)
    expect(told).toEqual(["finite"])
    timetable.remove(Infinity, "never")
    expect(clock.timers.foreground).toBe(0)
  })

  it("tells of all that were added and not removed, each once, whatever their moments", async () => {
    const entries = fc.array(fc.record({ at: fc.double({ min: 0, max: 50, noNaN: true }), removed: fc.boolean() }))
    const proof = fc.asyncProperty(entries, async (list) => {
      const clock = new FakeClock()
      const start = clock.now()
      const told = new Map<number, number[]>()
      const timetable = new Timetable<number>(clock, (n) => told.set(n, [...(told.get(n) ?? []), clock.now() - start]))
      list.forEach(({ at }, n) => timetable.add(start + at, n))
      list.forEach(({ at, removed }, n) => removed && timetable.remove(start + at, n))
      await clock.advance(60)
      for (const [n, { at, removed }] of list.entries()) {
        expect(told.get(n)).toEqual(removed ? undefined : [Math.ceil(start + at) - start])
      }
      expect(clock.timers.foreground).toBe(0)
    })
    await expect(fc.assert(proof, { numRuns: 50 })).resolves.toBeUndefined()
  })
})
