import { CodegenConfigError, defineCodegen, policy } from "@kysely-resilient/codegen-config"
import { checkConfig } from "@kysely-resilient/codegen-config/src/check-config.ts"
import { describe, expect, it } from "vitest"

function problemsOf(config: unknown): readonly string[] {
  try {
    checkConfig(config, "/app", {})
  } catch (error) {
    if (error instanceof CodegenConfigError) return error.problems
    throw error
  }
  return []
}

describe("a codegen configuration", () => {
  it("gets every default in its place", () => {
    expect(checkConfig({ outFile: "db/schema.gen.ts" }, "/app", {})).toEqual({
      connection: undefined,
      schemas: ["public"],
      outFile: "/app/db/schema.gen.ts",
      folder: "/app",
      camelCase: false,
      types: undefined,
      brands: { primaryKeys: false, names: {} },
      json: {},
      views: {},
      overrides: {},
      emit: { constraints: true, relations: true, comments: true },
      include: undefined,
      exclude: [],
    })
  })

  it("takes the connection from DATABASE_URL only if it names none itself", () => {
    const environment = { DATABASE_URL: "postgres://from-the-environment/db" }
    const config = { outFile: "a.ts" }
    expect(checkConfig(config, ".", environment).connection).toBe(environment.DATABASE_URL)
    expect(checkConfig({ ...config, connection: "postgres://own/db" }, ".", environment).connection).toBe(
      "postgres://own/db",
    )
    expect(checkConfig({ ...config, connection: undefined }, ".", environment).connection).toBe(
      environment.DATABASE_URL,
    )
    expect(checkConfig(config, ".", { DATABASE_URL: "" }).connection).toBeUndefined()
  })

  it("takes a file: URL as it is, whatever folder it is asked from", () => {
    expect(checkConfig({ outFile: new URL("file:///db/schema.gen.ts") }, "/app", {}).outFile).toBe("/db/schema.gen.ts")
  })

  it.each([
    ["nothing", undefined, /^expected what defineCodegen/],
    ["a list", [], /found an empty list/],
    ["no file", {}, /^outFile is missing/],
    ["an empty path", { outFile: "" }, /^outFile must end with \.ts, found an empty text/],
    ["a file of another kind", { outFile: "schema.json" }, /^outFile must end with \.ts, found schema\.json/],
    [
      "a URL of another kind",
      { outFile: new URL("https://a/b.ts") },
      /^outFile must be a path or a file: URL, found https:/,
    ],
    ["a number for a file", { outFile: 1 }, /found a value of type number/],
    [
      "no schema",
      { outFile: "a.ts", schemas: [] },
      /^schemas must be a list of at least one name, found an empty list/,
    ],
    ["a schema by itself", { outFile: "a.ts", schemas: "public" }, /^schemas must be a list/],
    ["a nameless schema", { outFile: "a.ts", schemas: ["a", ""] }, /^schemas must hold nothing but names/],
    ["a schema twice", { outFile: "a.ts", schemas: ["a", "b", "a"] }, /^schemas names one twice: a, b, a/],
    ["a host for a connection", { outFile: "a.ts", connection: "db.internal" }, /must begin with postgres:\/\//],
    ["an object for a connection", { outFile: "a.ts", connection: {} }, /found a value of type object/],
    ["a word for a switch", { outFile: "a.ts", camelCase: "yes" }, /^camelCase must be true or false/],
    [
      "an option of kysely-codegen's",
      { outFile: "a.ts", dateParser: "string" },
      /^dateParser is not an option; there are/,
    ],
  ])("is refused if it is or has %s", (_, config, problem) => {
    expect(problemsOf(config)).toEqual([expect.stringMatching(problem)])
  })

  it.each([
    ["types that are none", { types: 7 }, /^types must be what policy\(\) gives, .*found a value of type number/],
    ["types without the name of an export", { types: "./policy.ts" }, /^types must be .*found \.\/policy\.ts/],
    [
      "a policy with functions by itself",
      { types: policy({ "public.vector": { ts: "number[]", parse: JSON.parse } }) },
      /^types has functions for public\.vector, .*types: "\.\/policy\.ts#types"/,
    ],
    ["brands that are a switch", { brands: true }, /^brands must be an object, found a value of type boolean/],
    ["a brand that is unknown", { brands: { foreignKeys: true } }, /^brands\.foreignKeys is not an option/],
    ["a brand that is no name", { brands: { names: { "a.b": "A-B" } } }, /^brands\.names of a\.b .*found A-B/],
    ["a JSON type from nowhere", { json: { "a.b": "UserMeta" } }, /^json of a\.b must be .*found UserMeta/],
    ["a JSON type that is an object of others", { json: { "a.b": { type: "./a.ts#A" } } }, /^json of a\.b must be/],
    ["a decoder without an export", { json: { "a.b": { decoder: "./a.ts" } } }, /^json of a\.b must be/],
    ["a view that is a list", { views: { v: ["id"] } }, /^views of v must be \{ notNull: \["column"\] \}/],
    ["a view that is more", { views: { v: { notNull: [], nullable: [] } } }, /^views of v must be/],
    ["an override that is no type", { overrides: { "a.b": "x; y" } }, /^overrides of a\.b must be a type/],
    ["an override of nothing", { overrides: { "a.b": { insert: "string" } } }, /^overrides of a\.b must be a type/],
    ["two types for a column", { json: { "a.b": "./a.ts#A" }, overrides: { "a.b": "string" } }, /^json and overrides/],
    ["something unknown to emit", { emit: { enums: true } }, /^emit\.enums is not an option/],
    ["a word for what to emit", { emit: { comments: "no" } }, /^emit\.comments must be true or false/],
    ["an empty choice", { include: [] }, /^include must be a list of at least one name/],
    ["a pattern by itself", { exclude: "*_tmp" }, /^exclude must be a list/],
  ])("is refused if it has %s", (_, config, problem) => {
    expect(problemsOf({ outFile: "a.ts", ...config })).toEqual([expect.stringMatching(problem)])
  })

  it("takes types from modules, from packages too, and types written out", () => {
    const config = {
      outFile: "a.ts",
      types: "#db/policy#types",
      json: { "a.meta": "./types.ts#Meta", "a.log": { decoder: "some-package/log#log" } },
      overrides: { "a.x": "Map<string, number>", "a.y": { select: "./types.ts#Y", insert: "string" } },
    }
    expect(problemsOf(config)).toEqual([
      'types must be what policy() gives, or the module that exports it, "./policy.ts#types", found #db/policy#types',
    ])
    const { json, overrides, types } = checkConfig({ ...config, types: "../policy.ts#types" }, ".", {})
    expect(types).toEqual({ module: "../policy.ts", name: "types" })
    expect(json).toEqual({
      "a.meta": { of: "type", module: "./types.ts", name: "Meta" },
      "a.log": { of: "decoder", module: "some-package/log", name: "log" },
    })
    expect(overrides).toEqual({
      "a.x": { select: "Map<string, number>", insert: "Map<string, number>" },
      "a.y": { select: { module: "./types.ts", name: "Y" }, insert: "string" },
    })
  })

  it("is refused with everything that is wrong at once, and without the connection string", () => {
    const wrong = { connection: "mysql://root:secret@db/x", schemas: [], camelCase: 1, print: true }
    expect(problemsOf(wrong)).toHaveLength(5)
    // @ts-expect-error -- everything about it is wrong
    expect(() => defineCodegen(wrong)).toThrow(
      /^The codegen configuration has 5 problems:\n {2}- print .*\n {2}- connection .*\n {2}- schemas .*\n {2}- outFile .*\n {2}- camelCase [^\n]*$/,
    )
    expect(problemsOf(wrong).join()).not.toMatch(/secret/)
  })

  it("cannot be changed once it was checked", () => {
    const config = { outFile: "a.ts", camelCase: false }
    const defined = defineCodegen(config)
    config.camelCase = true
    expect(defined).toEqual({ outFile: "a.ts", camelCase: false })
    expect(Object.isFrozen(defined)).toBe(true)
  })
})
