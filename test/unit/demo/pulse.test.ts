import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { Pulse } from "../../../examples/demo/pulse.ts"

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe("Pulse", () => {
  it("counts what ended in each half second, and says it per second", () => {
    let ended = 7
    using pulse = new Pulse(() => ended)
    expect(pulse.perSecond).toBe(0)
    ended += 50
    vi.advanceTimersByTime(500)
    ended += 20
    vi.advanceTimersByTime(500)
    expect(pulse.history).toEqual([50, 20])
    expect(pulse.perSecond).toBe(40)
  })

  it("keeps as much as a terminal shows, and stops when it is told to", () => {
    let ended = 0
    const pulse = new Pulse(() => ended++)
    vi.advanceTimersByTime(60_000)
    expect(pulse.history).toHaveLength(56)
    pulse[Symbol.dispose]()
    expect(vi.getTimerCount()).toBe(0)
  })
})
