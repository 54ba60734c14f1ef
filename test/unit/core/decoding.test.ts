import { decodingOf } from "@kysely-resilient/core/src/decoding.ts"
import { policy, type SchemaDefinition, type StandardSchema } from "@kysely-resilient/core/schema"
import { describe, expect, it } from "vitest"

/** Says that it was asked. */
const marked = (by: string): StandardSchema => ({
  "~standard": { version: 1, vendor: "test", validate: (value) => ({ value: [by, value] }) },
})

const meta = { columns: { meta: { type: "jsonb", nullable: true }, grid: { type: "int4[][]", nullable: true } } }
const flat = { columns: { meta: { type: "jsonb", nullable: true }, grid: { type: "int4[]", nullable: true } } }

const definition: SchemaDefinition = {
  source: { schemas: ["shop", "audit"] },
  tables: {
    posts: { kind: "table", ...meta },
    users: { kind: "table", ...meta },
    columns: { kind: "table", ...meta },
    "audit.posts": { kind: "table", ...flat },
  },
  decoders: {
    "posts.meta": marked("posts"),
    "users.meta": marked("users"),
    "columns.meta": marked("columns"),
    "audit.posts.meta": marked("audit.posts"),
  },
  policy: policy(),
}

function read(from: string, column: "meta" | "grid", of: SchemaDefinition = definition): unknown {
  const [schema = "", table = ""] = from.split(".")
  const [kind, text] = column === "meta" ? (["jsonb", "1"] as const) : (["int4", "{{1}}"] as const)
  const base = { kind: "base", name: kind, delimiter: "," } as const
  const type = column === "meta" ? base : ({ kind: "array", element: base } as const)
  const reader = decodingOf(of)?.described(type)
  return (reader?.readerOf?.({ schema, table, column }) ?? reader?.read)?.(text)
}

const { source: _, ...byHand } = definition

describe("what reads a column of a table that has namesakes", () => {
  it.each([
    ["of the first schema", "shop.posts", ["posts", 1]],
    ["of another of its schemas", "audit.posts", ["audit.posts", 1]],
    ["of a schema that it knows, in which it knows no such table", "audit.users", 1],
    ["of a schema that it does not know, which may have the same tables", "tenant.users", ["users", 1]],
    ["of the session's own", "pg_temp_3.users", ["users", 1]],
    ["of the server", "information_schema.columns", 1],
  ])("is that %s", (_name, table, value) => {
    expect(read(table, "meta")).toEqual(value)
  })

  it.each([
    ["public.posts", ["posts", 1]],
    ["audit.posts", ["audit.posts", 1]],
    ["audit.users", 1],
    ["tenant.users", ["users", 1]],
  ])("is found for %s where a schema written by hand only names its tables", (table, value) => {
    expect(read(table, "meta", byHand)).toEqual(value)
  })

  it("has that table's dimensions", () => {
    expect(read("shop.posts", "grid")).toEqual([[1]])
    expect(read("tenant.posts", "grid")).toEqual([[1]])
    expect(() => read("audit.posts", "grid")).toThrow(/none with more than one/)
    expect(() => read("audit.users", "grid")).toThrow(/none with more than one/)
  })
})

describe("an array in a composite", () => {
  const pair = (declared: string): SchemaDefinition => ({
    tables: { t: { kind: "table", columns: { pair: { type: "public.pair", nullable: true } } } },
    types: { "public.pair": { kind: "composite", attributes: [{ name: "a", type: declared }] } },
    policy: policy(),
  })
  const tree = {
    kind: "composite",
    name: "public.pair",
    attributes: [{ name: "a", type: { kind: "array", element: { kind: "base", name: "int4", delimiter: "," } } }],
  } as const
  const readPair = (schema: SchemaDefinition): unknown => decodingOf(schema)?.described(tree).read('("{{1}}")')

  it("has the dimensions that the type was declared with", () => {
    expect(readPair(pair("int4[][]"))).toEqual({ a: [[1]] })
    expect(() => readPair(pair("int4[]"))).toThrow(/none with more than one/)
  })

  it("may have any, if the schema does not know the type", () => {
    expect(readPair({ ...pair("int4[]"), types: {} })).toEqual({ a: [[1]] })
  })
})

describe("a column of a domain over an array of domains", () => {
  const places = (types: SchemaDefinition["types"]): SchemaDefinition => ({
    source: { schemas: ["public"] },
    tables: { t: { kind: "table", columns: { at: { type: "public.route", base: "point[][]", nullable: true } } } },
    ...(types && { types }),
    policy: policy({ elements: "nullable" }),
  })
  const tree = {
    kind: "array",
    element: { kind: "domain", name: "public.place", base: { kind: "base", name: "point", delimiter: "," } },
  } as const
  const at = { schema: "public", table: "t", column: "at" }
  const readAt = (schema: SchemaDefinition): unknown =>
    decodingOf(schema)?.described(tree).readerOf?.(at)('{{"(1,2)"}}')

  it("has the dimensions of the outer domain, though the server speaks of an array of the inner one", () => {
    const types = {
      "public.place": { kind: "domain", base: "point" },
      "public.way": { kind: "domain", base: "public.place[][]" },
      "public.route": { kind: "domain", base: "public.way" },
    } as const
    expect(readAt(places(types))).toEqual([[{ x: 1, y: 2 }]])
  })
})
