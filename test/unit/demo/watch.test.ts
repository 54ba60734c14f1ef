import type { DriverEvent } from "@kysely-resilient/driver"
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest"

import { Watch } from "../../../examples/demo/watch.ts"

const reset = (generation: number): DriverEvent => ({ at: 0, name: "pool.reset", generation })
const isSecond = (event: DriverEvent) => event.name === "pool.reset" && event.generation === 2

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

describe("Watch", () => {
  it("answers with the first event that matches, and is not confused by others or later ones", async () => {
    const watch = new Watch()
    const seen = watch.next(isSecond, 100)
    watch.tell(reset(1))
    watch.tell(reset(2))
    watch.tell(reset(2))
    await expect(seen).resolves.toEqual(reset(2))
    expect(vi.getTimerCount()).toBe(0)
  })

  it("does not count what was told before it was asked", async () => {
    const watch = new Watch()
    watch.tell(reset(2))
    const seen = watch.next(isSecond, 100)
    await vi.advanceTimersByTimeAsync(100)
    await expect(seen).resolves.toBeUndefined()
  })
})
