/** What the server's own words say too little of. */
import type { Database } from "@kysely-resilient/core"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

beforeAll(() => {
  db = shop.open({ pool: { min: 0, max: 1 } })
})
afterAll(() => db.close())

describe("a statement that was held wrong", () => {
  it.each([
    [
      "an empty list",
      () => db.all(db.selectFrom("accounts").select("id").where("id", "in", [])),
      /A list behind IN is empty/,
    ],
    ["no rows", () => db.exec(db.insertInto("accounts").values([])), /values\(\) was given no row/],
    ["nothing set", () => db.exec(db.updateTable("accounts").set({})), /set\(\) was given nothing/],
    ["another language's parameters", () => db.query("select * from accounts where id = ?", [1]), /\$1, \$2, …/],
    [
      "too few parameters",
      () => db.query("select $1::int, $2::int", [1]),
      /It was given 1, and its text names another/,
    ],
    ["too many parameters", () => db.query("select $1::int", [1, 2]), /It was given 2, and its text names another/],
  ])("is told so: %s", async (_, run, says) => {
    const pid = valueOf(await db.query("select pg_backend_pid() as pid")).rows
    expect(errorOf(await run())).toMatchObject({
      kind: "invalid_statement",
      effect: "not_applied",
      message: expect.stringMatching(says) as unknown,
    })
    // On a session that goes on.
    expect(valueOf(await db.query("select pg_backend_pid() as pid")).rows).toEqual(pid)
  })

  it("says which parameter holds a bigint that JSON cannot", async () => {
    expect(errorOf(await db.query("select $1::jsonb", [{ a: 1n }])).message).toContain(
      "Parameter $1 cannot be serialised: it holds a bigint",
    )
  })
})
