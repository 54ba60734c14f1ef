import { invariant, unreachable } from "@kysely-resilient/driver/src/foundation/invariant.ts"
import { expect, it } from "vitest"

it("says whose fault it is when what cannot be is so", () => {
  expect(() => invariant(false, "two and two is five")).toThrow("bug: two and two is five")
  expect(() => unreachable("sixth sense" as never)).toThrow('bug: unexpected "sixth sense"')
})

it("says nothing when all is well", () => {
  expect(() => invariant(true, "never said")).not.toThrow()
})
