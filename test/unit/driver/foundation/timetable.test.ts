import { Timetable } from "@kysely-resilient/driver/src/foundation/timetable.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

function setUp() {
  const clock = new FakeClock()
  const startedAt = clock.now()
  const due: [string, number][] = []
  const timetable = new Timetable<string>(clock, (item) => due.push([item, clock.now() - startedAt]))
  return { clock, due, timetable, at: (ms: number) => startedAt + ms }
}

describe("a timetable", () => {
  it("tells of each item when it is due", async () => {
    const { clock, due, timetable, at } = setUp()
    timetable.add(at(30), "late")
    timetable.add(at(10), "early")
    await clock.advance(100)
    expect(due).toEqual([
      ["early", 10],
      ["late", 30],
    ])
  })

  it("shares one timer among those of the same millisecond, and lets go of it with the last", () => {
    const { clock, timetable, at } = setUp()
    timetable.add(at(10), "a")
    timetable.add(at(9.2), "b")
    expect(clock.timers.foreground).toBe(1)
    timetable.remove(at(10), "a")
    expect(clock.timers.foreground).toBe(1)
    timetable.remove(at(9.2), "b")
    expect(clock.timers.foreground).toBe(0)
  })

  it("leaves one alone that is removed with another moment than its own", async () => {
    const { clock, due, timetable, at } = setUp()
    timetable.add(at(10), "a")
    timetable.remove(at(20), "a")
    timetable.remove(at(10), "b")
    await clock.advance(20)
    expect(due).toEqual([["a", 10]])
  })

  it("does not tell of one that was removed by whoever was told before it", async () => {
    const clock = new FakeClock()
    const at = clock.now() + 10
    const due: string[] = []
    const timetable: Timetable<string> = new Timetable<string>(clock, (item) => {
      due.push(item)
      timetable.remove(at, "second")
      if (item === "first") timetable.add(at, "third")
    })
    timetable.add(at, "first")
    timetable.add(at, "second")
    await clock.advance(20)
    expect(due).toEqual(["first", "third"])
    expect(clock.timers.foreground).toBe(0)
  })

  it("keeps waiting when its clock's longest delay is over before its time", async () => {
    const inner = new FakeClock()
    const impatient = {
      now: () => inner.now(),
      wallTime: () => inner.wallTime(),
      after: (delayMs: number, run: () => void) => inner.after(Math.min(delayMs, 100), run),
    }
    const due: number[] = []
    const startedAt = inner.now()
    const timetable = new Timetable<string>(impatient, () => due.push(inner.now() - startedAt))
    timetable.add(startedAt + 250, "far")
    await inner.advance(500)
    expect(due).toEqual([250])
  })

  it("property: everybody is told of once, not before its time and less than a millisecond after; the removed never", async () => {
    const items = fc.array(fc.record({ ms: fc.double({ min: 0, max: 50, noNaN: true }), removed: fc.boolean() }))
    await fc.assert(
      fc.asyncProperty(items, async (list) => {
        const { clock, due, timetable, at } = setUp()
        list.forEach(({ ms }, index) => timetable.add(at(ms), String(index)))
        list.forEach(({ ms, removed }, index) => removed && timetable.remove(at(ms), String(index)))
        await clock.advance(60)
        const told = new Map(due)
        expect(told.size).toBe(due.length)
        list.forEach(({ ms, removed }, index) => {
          const toldAt = told.get(String(index))
          if (removed) return expect(toldAt).toBeUndefined()
          expect(at(toldAt!)).toBeGreaterThanOrEqual(at(ms))
          expect(at(toldAt!) - at(ms)).toBeLessThan(1)
        })
        expect(clock.timers.foreground).toBe(0)
      }),
      { numRuns: 50 },
    )
  })
})
