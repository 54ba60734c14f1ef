import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

describe("FakeClock", () => {
  it("runs what is due in the order of time, then in the order in which it was set", async () => {
    const clock = new FakeClock()
    const ran: string[] = []
    clock.after(20, () => ran.push("late"))
    clock.after(10, () => ran.push("first"))
    clock.after(10, () => ran.push("second"))

    await clock.advance(10)
    expect(ran).toEqual(["first", "second"])
    await clock.advance(10)
    expect(ran).toEqual(["first", "second", "late"])
  })

  it("shows each timer the moment at which it was due, not the end of the advance", async () => {
    const clock = new FakeClock()
    const start = clock.now()
    const seen: number[] = []
    clock.after(7, () => {
      seen.push(clock.now() - start)
      clock.after(5, () => seen.push(clock.now() - start))
    })

    await clock.advance(100)
    expect(seen).toEqual([7, 12])
    expect(clock.now() - start).toBe(100)
  })

  it("lets promises settle between two timers", async () => {
    const clock = new FakeClock()
    const ran: string[] = []
    clock.after(1, () => void Promise.resolve().then(() => ran.push("promise of the first")))
    clock.after(1, () => ran.push("second"))

    await clock.advance(1)
    expect(ran).toEqual(["promise of the first", "second"])
  })

  it("runs late what a jump has passed by", async () => {
    const clock = new FakeClock()
    const start = clock.now()
    const seen: number[] = []
    clock.after(10, () => seen.push(clock.now() - start))
    clock.jump(25)
    expect(seen).toEqual([])
    await clock.advance(0)
    expect(seen).toEqual([25])
  })

  it("forgets a cancelled timer, and tells how many are set", async () => {
    const clock = new FakeClock()
    let ran = 0
    const timer = clock.after(5, () => (ran += 1))
    clock.after(5, () => (ran += 10), { background: true })
    expect(clock.timers).toEqual({ foreground: 1, background: 1 })

    timer.cancel()
    timer.cancel()
    await clock.advance(5)
    expect(ran).toBe(10)
    expect(clock.timers).toEqual({ foreground: 0, background: 0 })
  })
})
