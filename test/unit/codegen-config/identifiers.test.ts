import { Identifiers, pascalCase, singular } from "@kysely-resilient/codegen-config/src/identifiers.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

describe("the name of a declaration", () => {
  it.each([
    ["daily_returns", "DailyReturns"],
    ["UserAccounts", "UserAccounts"],
    ["audit.log", "AuditLog"],
    ['odd "name*/', "OddName"],
    ["größe", "Größe"],
    ["таблица_имён", "ТаблицаИмён"],
    ["表", "表"],
    ["1st", "_1st"],
    ["", "_"],
    ["_", "_"],
    ["💥", "_"],
    ["$money", "$money"],
    ["__proto__", "Proto"],
  ])("for %s is %s", (name, expected) => {
    expect(pascalCase(name)).toBe(expected)
  })

  it("is one that TypeScript allows, whatever the database calls it", () => {
    fc.assert(
      fc.property(fc.oneof(fc.string(), fc.string({ unit: "binary" })), (name) => {
        expect(pascalCase(name)).toMatch(/^[\p{ID_Start}$_][\p{ID_Continue}$]*$/u)
      }),
    )
  })

  it("is never given twice, and never one that JavaScript or TypeScript needs", () => {
    const identifiers = new Identifiers()
    expect(identifiers.take("Users")).toBe("Users")
    expect(identifiers.take("Users")).toBe("Users2")
    expect(identifiers.take("Users2")).toBe("Users22")
    expect(identifiers.take("Date", "DateTable")).toBe("DateTable")
    expect(identifiers.take("DB", "DBTable")).toBe("DBTable")
    expect(identifiers.take("Record")).toBe("Record2")
  })
})

describe("a table's name in the singular", () => {
  it.each([
    ["users", "user"],
    ["user_accounts", "user_account"],
    ["UserAccounts", "UserAccount"],
    ["categories", "category"],
    ["movies", "movie"],
    ["addresses", "address"],
    ["boxes", "box"],
    ["branches", "branch"],
    ["statuses", "status"],
    ["status", "status"],
    ["analysis", "analysis"],
    ["people", "person"],
    ["People", "Person"],
    ["child_indices", "child_index"],
    ["news", "news"],
    ["class", "class"],
    ["data", "data"],
    ["audit.logs", "audit.log"],
    ["pies", "pie"],
    ["s", "s"],
    ["größen", "größen"],
    ["", ""],
  ])("of %s is %s", (name, expected) => {
    expect(singular(name)).toBe(expected)
  })
})
