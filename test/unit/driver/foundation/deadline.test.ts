import { deadlineAfter, earlier, remainingMs } from "@kysely-resilient/driver/src/foundation/deadline.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

describe("a deadline", () => {
  it("stands still while time passes, and is never less than over", async () => {
    const clock = new FakeClock()
    const deadline = deadlineAfter(clock, 100)
    expect(deadline).toEqual({ at: clock.now() + 100, limitMs: 100 })
    expect(remainingMs(clock, deadline)).toBe(100)
    await clock.advance(60)
    expect(remainingMs(clock, deadline)).toBe(40)
    await clock.advance(41)
    expect(remainingMs(clock, deadline)).toBe(0)
  })

  it("is for ever where there is none", () => {
    expect(remainingMs(new FakeClock(), undefined)).toBe(Number.POSITIVE_INFINITY)
  })
})

describe("the earlier of two", () => {
  const soon = { at: 10, limitMs: 1_000 }
  const later = { at: 20, limitMs: 5 }

  it.each([
    [soon, later, soon],
    [later, soon, soon],
    [soon, undefined, soon],
    [undefined, later, later],
    [undefined, undefined, undefined],
  ])("of %j and %j is %j", (a, b, first) => expect(earlier(a, b)).toBe(first))
})
