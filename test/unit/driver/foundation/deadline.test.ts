import { describe, expect, it } from "vitest"

import { deadlineAfter, earlier, remainingMs } from "@kysely-resilient/driver/src/foundation/deadline.ts"

import { FakeClock } from "../../../support/fake-clock.ts"

describe("a deadline", () => {
  it("comes nearer and is never negative", async () => {
    const clock = new FakeClock()
    const deadline = deadlineAfter(clock, 100)
    expect(deadline).toEqual({ at: clock.now() + 100, limitMs: 100 })
    await clock.advance(60)
    expect(remainingMs(clock, deadline)).toBe(40)
    await clock.advance(60)
    expect(remainingMs(clock, deadline)).toBe(0)
    expect(remainingMs(clock, undefined)).toBe(Infinity)
  })

  it("gives way to an earlier one", () => {
    const [soon, late] = [
      { at: 1, limitMs: 1 },
      { at: 2, limitMs: 1 },
    ]
    expect(earlier(soon, late)).toBe(soon)
    expect(earlier(late, soon)).toBe(soon)
    expect(earlier(undefined, late)).toBe(late)
    expect(earlier(late, undefined)).toBe(late)
    expect(earlier(undefined, undefined)).toBeUndefined()
  })
})
