import { json } from "@kysely-resilient/core/schema"
import { prepareParameters } from "@kysely-resilient/driver/src/postgres/parameters.ts"
import { describe, expect, it } from "vitest"

describe("json", () => {
  it.each([
    ["an array", ["a", [1]], '["a",[1]]'],
    ["a string", "12", '"12"'],
    ["null", null, "null"],
    ["one inside of another", { inner: json([1]) }, '{"inner":[1]}'],
  ])("sends %s as JSON", (_, value, text) => {
    expect(prepareParameters([json(value)])).toEqual([text])
  })

  it("goes into arrays of json as an element", () => {
    expect(prepareParameters([[json([1, 2]), json("a"), null]])).toEqual(['{"[1,2]","\\"a\\"",NULL}'])
  })

  it.each([
    ["undefined", undefined],
    ["a bigint", 1n],
  ])("has no form for %s, which is refused before it is sent", (_, value) => {
    expect(prepareParameters([json(value)])).toMatchObject({ refused: expect.stringContaining("cannot be serialised") })
  })
})
