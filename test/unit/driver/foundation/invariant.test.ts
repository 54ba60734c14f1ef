import { describe, expect, it } from "vitest"

import { invariant, unreachable } from "@kysely-resilient/driver/src/foundation/invariant.ts"

describe("what cannot happen", () => {
  it("says that it is a bug of ours", () => {
    expect(() => invariant(true, "fine")).not.toThrow()
    expect(() => invariant(false, "two is three")).toThrow("bug: two is three")
    // @ts-expect-error only what the compiler let through by mistake gets here
    expect(() => unreachable("west")).toThrow('bug: unexpected "west"')
  })
})
