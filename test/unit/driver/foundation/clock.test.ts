import { setImmediate as turn } from "node:timers/promises"

import { systemClock } from "@kysely-resilient/driver/src/foundation/clock.ts"
import { describe, expect, it } from "vitest"

const timers = (): number => process.getActiveResourcesInfo().filter((name) => name === "Timeout").length

describe("the system's clock", () => {
  it("does not ring at once for a delay that is longer than Node's timers can be", async () => {
    let rang = false
    const timer = systemClock.after(3_000_000_000, () => (rang = true))
    await turn()
    await turn()
    expect(rang).toBe(false)
    timer.cancel()
  })

  it("keeps the process alive for a timer, unless it is for the background", () => {
    const before = timers()
    const background = systemClock.after(60_000, () => {}, { background: true })
    expect(timers()).toBe(before)
    const foreground = systemClock.after(60_000, () => {})
    expect(timers()).toBe(before + 1)
    background.cancel()
    foreground.cancel()
    foreground.cancel()
    expect(timers()).toBe(before)
  })

  it("only goes forward, and knows the date", () => {
    const [first, second] = [systemClock.now(), systemClock.now()]
    expect(second).toBeGreaterThanOrEqual(first)
    expect(new Date(systemClock.wallTime()).getFullYear()).toBeGreaterThan(2_024)
  })
})
