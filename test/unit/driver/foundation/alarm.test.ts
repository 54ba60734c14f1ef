import { Alarm } from "@kysely-resilient/driver/src/foundation/alarm.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

function setUp() {
  const clock = new FakeClock()
  const rings: number[] = []
  const startedAt = clock.now()
  const alarm = new Alarm(clock, () => rings.push(clock.now() - startedAt))
  return { clock, rings, alarm, at: (ms: number) => startedAt + ms }
}

describe("an alarm", () => {
  it("rings once, at the earliest of the moments it was asked for", async () => {
    const { clock, rings, alarm, at } = setUp()
    alarm.by(at(50))
    alarm.by(at(20))
    alarm.by(at(90))
    expect(clock.timers.foreground).toBe(1)
    await clock.advance(200)
    expect(rings).toEqual([20])
  })

  it("rings again when it is asked again, also from inside its own ring", async () => {
    const clock = new FakeClock()
    const rings: number[] = []
    const startedAt = clock.now()
    const alarm: Alarm = new Alarm(clock, () => {
      rings.push(clock.now() - startedAt)
      if (rings.length < 3) alarm.by(clock.now() + 10)
    })
    alarm.by(startedAt + 10)
    await clock.advance(100)
    expect(rings).toEqual([10, 20, 30])
  })

  it("does not ring when it was stopped, and can be set anew for a later moment", async () => {
    const { clock, rings, alarm, at } = setUp()
    alarm.by(at(20))
    alarm.stop()
    expect(clock.timers.foreground).toBe(0)
    alarm.by(at(40))
    await clock.advance(100)
    expect(rings).toEqual([40])
  })

  it("never rings for a moment that does not come", async () => {
    const { clock, alarm } = setUp()
    alarm.by(Number.POSITIVE_INFINITY)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })

  it("does not keep the process alive when it is for the background", () => {
    const clock = new FakeClock()
    new Alarm(clock, () => {}, { background: true }).by(clock.now() + 10)
    expect(clock.timers).toEqual({ foreground: 0, background: 1 })
  })
})
