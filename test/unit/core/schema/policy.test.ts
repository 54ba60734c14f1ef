import { policy, PolicyError } from "@kysely-resilient/core/schema"
import { describe, expect, it } from "vitest"

const parse = (text: string): unknown => text

function problemsWith(choices: unknown): readonly string[] {
  try {
    // @ts-expect-error -- what types forbid, and JavaScript does not
    policy(choices)
  } catch (error) {
    if (error instanceof PolicyError) return error.problems
    throw error
  }
  return []
}

describe("policy", () => {
  it("makes every choice that is left out", () => {
    expect(policy({ int8: "number" })).toEqual({
      choices: {
        int8: "number",
        numeric: "string",
        timestamptz: "Date",
        timestamp: "string",
        date: "string",
        interval: "string",
        json: "unknown",
        range: "string",
        composite: "object",
        elements: "nullable",
      },
      custom: {},
    })
    expect(policy().choices.int8).toBe("bigint")
  })

  it("keeps custom types apart, and nothing in it can be changed", () => {
    const vector = { ts: "number[]", parse, serialize: (value: unknown) => JSON.stringify(value) }
    const made = policy({ "public.vector": vector, "pg_catalog.money": { ts: "Money", from: "./money.ts", parse } })
    expect(Object.keys(made.custom)).toEqual(["public.vector", "pg_catalog.money"])
    expect(made.custom["public.vector"]).toEqual(vector)
    expect([made, made.choices, made.custom, made.custom["public.vector"]].every(Object.isFrozen)).toBe(true)
  })

  it.each([
    ["a choice that there is not", { int8: "Int" }, "int8 has no such choice"],
    ["one that a type has by accident", { toString: "x" }, 'There is no choice "toString"'],
    ["a type without its schema", { vector: { ts: "number[]", parse } }, '"public.vector" or "pg_catalog.vector"'],
    ["a custom type that is none", { "public.vector": "number[]" }, "public.vector is no object"],
    ["one without a parser", { "public.vector": { ts: "x" } }, "public.vector.parse is no function"],
    ["one without a type", { "public.vector": { parse } }, "public.vector.ts is no text"],
    ["one that writes nothing", { "public.v": { ts: "x", parse, serialize: 1 } }, "public.v.serialize is no function"],
    ["one with a slip", { "public.v": { ts: "x", parse, serialise: parse } }, 'public.v has no "serialise"'],
    ["an imported expression", { "public.v": { ts: "V[]", from: "./v.ts", parse } }, "must be the name of a type"],
    ["an array", { "public.v[]": { ts: "x", parse } }, "name the type of its elements"],
    ["a type decided twice", { int8: "number", "pg_catalog.int8": { ts: "x", parse } }, "int8 decide the same type"],
    ["one of them by another name", { json: "string", "pg_catalog.jsonb": { ts: "x", parse } }, "decide the same type"],
    ["what is no object", [], "It is no object"],
  ])("refuses %s", (_, choices, problem) => {
    expect(problemsWith(choices)).toEqual([expect.stringContaining(problem)])
  })

  it("says everything at once", () => {
    expect(problemsWith({ int8: "x", numeric: "y", "public.a": { ts: "" } })).toHaveLength(4)
  })
})
