import { describe, expect, it, vi } from "vitest"

import { systemClock } from "@kysely-resilient/driver/src/foundation/clock.ts"

describe("systemClock", () => {
  it("runs what was asked for, and not what was cancelled", async () => {
    const ran: string[] = []
    systemClock.after(0, () => ran.push("cancelled")).cancel()
    await new Promise<void>((resolve) => {
      systemClock.after(1, resolve)
    })
    expect(ran).toEqual([])
  })

  it("does not run at once what is further away than Node's timers reach", () => {
    const setTimeout = vi.spyOn(globalThis, "setTimeout")
    for (const delayMs of [Infinity, 3_000_000_000]) systemClock.after(delayMs, () => {}).cancel()
    expect(setTimeout.mock.calls.map(([, delayMs]) => delayMs)).toEqual([2_147_483_647, 2_147_483_647])
    setTimeout.mockRestore()
  })

  it("does not keep the process alive for what runs in the background", () => {
    const setTimeout = vi.spyOn(globalThis, "setTimeout")
    const background = systemClock.after(60_000, () => {}, { background: true })
    const foreground = systemClock.after(60_000, () => {})
    expect(setTimeout.mock.results.map(({ value }) => value.hasRef())).toEqual([false, true])
    background.cancel()
    foreground.cancel()
    setTimeout.mockRestore()
  })

  it("has a time that goes forward and one that people read", () => {
    const before = systemClock.now()
    expect(systemClock.now()).toBeGreaterThanOrEqual(before)
    expect(Math.abs(systemClock.wallTime() - Date.now())).toBeLessThan(1_000)
  })
})
