import { uuidV7 } from "@kysely-resilient/driver/src/foundation/uuid.ts"
import * as fc from "fast-check"
import { expect, it } from "vitest"

it("is a UUID of version 7 and of the right variant, whatever the time and chance", () => {
  fc.assert(
    fc.property(fc.nat(2 ** 47), fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }), (time, chance) => {
      expect(uuidV7(time, () => chance)).toMatch(/^[\da-f]{8}-[\da-f]{4}-7[\da-f]{3}-[89ab][\da-f]{3}-[\da-f]{12}$/)
    }),
  )
})

it("begins with the time, so that it sorts by it", () => {
  expect(uuidV7(0x0199_f2a0_1234, () => 0)).toBe("0199f2a0-1234-7000-8000-000000000000")
  expect(uuidV7(1, () => 0.99) < uuidV7(2, () => 0)).toBe(true)
})

it("is another one each time", () => {
  expect(new Set(Array.from({ length: 10_000 }, () => uuidV7(1, Math.random))).size).toBe(10_000)
})
