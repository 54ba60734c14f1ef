import { addressOf, below } from "@kysely-resilient/cli/src/address.ts"
import { describe, expect, it } from "vitest"

describe("the address that a command looks at", () => {
  it.each([
    ["http://app:3000", "http://app:3000/api/database-resilience"],
    ["http://app:3000/", "http://app:3000/api/database-resilience"],
    ["https://app/health/db/", "https://app/health/db"],
    ["http://app/db?tenant=1", "http://app/db?tenant=1"],
  ])("%s is the endpoint %s", (word, href) => {
    const address = addressOf(word, undefined, {})
    if (typeof address === "string" || address.at !== "endpoint") throw new Error("it is no endpoint")
    expect(address.url.href).toBe(href)
    expect(below(address, "events").href).toBe(href.replace(/(\?|$)/, "/events$1"))
  })

  it("comes from the environment where nobody says it, and the token too", () => {
    const env = { RESILIENCE_URL: "http://app", RESILIENCE_TOKEN: "t" }
    expect(addressOf(undefined, undefined, env)).toMatchObject({ at: "endpoint", token: "t" })
    expect(addressOf("http://other", "mine", env)).toMatchObject({ at: "endpoint", token: "mine" })
    expect(addressOf("postgres://db/x", undefined, env)).toEqual({ at: "database", url: "postgres://db/x" })
    expect(addressOf(undefined, undefined, { RESILIENCE_URL: "" })).toEqual({ at: "database", url: undefined })
  })

  it("may not hold a password, which nobody would send and an error might print", () => {
    const refused = addressOf("http://me:hunter2@app", undefined, {})
    expect(refused).toMatch(/--token or RESILIENCE_TOKEN/)
    expect(refused).not.toContain("hunter2")
  })

  it.each(["ftp://app", "app:3000", "http://", "http://a b"])("%s is none", (word) => {
    expect(addressOf(word, undefined, {})).toBe("the address must begin with http://, https:// or postgres://")
    expect(addressOf(undefined, undefined, { RESILIENCE_URL: word })).toMatch(/^RESILIENCE_URL/)
  })
})
