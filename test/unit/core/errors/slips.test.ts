import { slipIn } from "@kysely-resilient/core/src/errors/slips.ts"
import { describe, expect, it } from "vitest"

import { scripted } from "../../../support/scripted-database.ts"

const { db } = scripted()
const users = db.selectFrom("users").select("id")

describe("what Kysely makes of nothing", () => {
  it.each([
    ["an empty list", users.where("id", "in", []), /^A list behind IN is empty/],
    ["an empty list that is excluded", users.where("id", "not in", []), /^A list behind IN is empty/],
    ["no row", db.insertInto("users").values([]), /^values\(\) was given no row/],
    ["nothing set", db.updateTable("users").set({}).where("id", "=", 1), /^set\(\) was given nothing/],
    ["nothing set at all", db.updateTable("users").set({ email: undefined }), /^set\(\) was given nothing/],
  ])("is said by its name: %s", (_, query, says) => {
    const { sql, parameters } = query.compile()
    expect(slipIn(sql, parameters.length)).toMatch(says)
  })

  it("is not seen where it is not", () => {
    const { sql, parameters } = users.where("id", "in", [1]).compile()
    expect(slipIn(sql, parameters.length)).toBeUndefined()
    expect(slipIn("selec 1", 0)).toBeUndefined()
  })

  it("says how parameters are named where a text names none", () => {
    expect(slipIn("select * from users where email = ?", 1)).toMatch(/\$1, \$2/)
  })
})
