import { describe, expect, it } from "vitest"

import { Alarm } from "@kysely-resilient/driver/src/foundation/alarm.ts"

import { FakeClock } from "../../../support/fake-clock.ts"

function setUp(background?: boolean) {
  const clock = new FakeClock()
  const start = clock.now()
  const rang: number[] = []
  const options = background === undefined ? undefined : { background }
  return { clock, start, rang, alarm: new Alarm(clock, () => rang.push(clock.now() - start), options) }
}

describe("Alarm", () => {
  it("rings once, at the earliest moment it was asked for", async () => {
    const { alarm, clock, rang, start } = setUp()
    alarm.by(start + 30)
    alarm.by(start + 10)
    alarm.by(start + 20)
    await clock.advance(100)
    expect(rang).toEqual([10])
    alarm.by(start + 120)
    await clock.advance(100)
    expect(rang).toEqual([10, 120])
  })

  it("sets one timer at most, and none for never", () => {
    const { alarm, clock, start } = setUp(true)
    alarm.by(Infinity)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
    alarm.by(start + 30)
    alarm.by(start + 10)
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
  })

  it("does not ring after it was stopped, and can be asked again", async () => {
    const { alarm, clock, rang, start } = setUp()
    alarm.by(start + 10)
    alarm.stop()
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
    alarm.by(start + 20)
    await clock.advance(30)
    expect(rang).toEqual([20])
  })

  it("can be asked again while it rings", async () => {
    const clock = new FakeClock()
    let rang = 0
    const alarm: Alarm = new Alarm(clock, () => {
      rang += 1
      if (rang < 3) alarm.by(clock.now() + 10)
    })
    alarm.by(clock.now() + 10)
    await clock.advance(100)
    expect(rang).toBe(3)
  })
})
