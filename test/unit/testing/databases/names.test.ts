import { databaseName } from "@kysely-resilient/testing/src/databases/names.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

describe("databaseName", () => {
  it.each([
    ["file:///home/ann/shop/test/orders/place%20order.test.ts", "orders_place_order_x"],
    ["C:\\shop\\test\\orders.spec.mts", "test_orders_x"],
    ["checkout", "checkout_x"],
    ["Ünïcode", "n_code_x"],
    ["???", "test_x"],
  ])("of %s is %s", (of, name) => expect(databaseName(of, "x")).toBe(name))

  it("property: is a name that PostgreSQL takes as it is, and another one each time", () => {
    fc.assert(
      fc.property(
        fc
          .oneof(
            fc.string({ maxLength: 200 }),
            fc.nat(200).map((length) => "x".repeat(length)),
          )
          .filter((of) => !of.startsWith("file:")),
        (of) => {
          const [one, other] = [databaseName(of), databaseName(of)]
          expect(one).toMatch(/^[a-z0-9][a-z0-9_]{0,62}$/)
          expect(one).not.toBe(other)
        },
      ),
    )
  })
})
