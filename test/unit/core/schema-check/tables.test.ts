import type { SchemaSource } from "@kysely-resilient/core/schema"
import { typeName, withoutDomains } from "@kysely-resilient/core/src/schema-check/pg-type.ts"
import { tablesOf, type Column, type Table } from "@kysely-resilient/core/src/schema-check/tables.ts"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, oids, type PlacedColumn } from "../../../support/catalogs.ts"

const source: SchemaSource = { schemas: ["public"] }

function columnOf(change: Partial<PlacedColumn>): Column | undefined {
  return tablesOf(catalogOf([columnRow(change)]), source)[0]?.columns[0]
}

function keysOf(rows: readonly PlacedColumn[], of: SchemaSource): readonly string[] {
  return tablesOf(catalogOf(rows), of).map(({ key }: Table) => key)
}

describe("a column", () => {
  it.each([
    ["its NOT NULL", { notNull: true }, false],
    ["nothing", { notNull: false }, true],
    ["its domain", { notNull: false, typeOid: oids.price }, false],
    ["a domain under its domain", { notNull: false, typeOid: oids.fee }, false],
    [
      "a domain in a view, which an outer join does not ask",
      { notNull: false, typeOid: oids.price, relationKind: "v" },
      true,
    ],
    ["the domain of an array's elements", { notNull: false, typeOid: oids.prices }, true],
  ] as const)("is nullable or not by %s", (_, change, nullable) => {
    expect(columnOf(change)?.nullable).toBe(nullable)
  })

  it.each([
    ["nobody else", {}, "never"],
    ["its default", { hasDefault: true }, "default"],
    ["its domain's default", { typeOid: oids.fee }, "default"],
    ["an identity that steps back", { identity: "d" }, "default"],
    ["an identity that does not", { identity: "a" }, "always"],
    ["an expression, which the catalogue also calls a default", { computed: true, hasDefault: true }, "always"],
    ["a view that cannot pass it on", { writable: false, relationKind: "v" }, "always"],
  ] as const)("gets its value from %s, if the caller gives none", (_, change, generated) => {
    expect(columnOf(change)?.generated).toBe(generated)
  })

  it("knows what its type is made of", () => {
    const type = columnOf({ typeOid: oids.fee })?.type
    expect(type && typeName(type)).toBe("public.fee")
    expect(type && typeName(withoutDomains(type))).toBe("numeric")
    const array = columnOf({ typeOid: oids.prices })?.type
    expect(array && typeName(array)).toBe("public.price[]")
    expect(array && typeName(withoutDomains(array))).toBe("public.price[]")
  })

  it("is not guessed at if its type went away meanwhile", () => {
    expect(() => columnOf({ typeOid: 4711 })).toThrow(/does not say what the type with OID 4711 is/)
  })
})

describe("a table", () => {
  it("is named without its schema only in the first of the schemas", () => {
    const rows = [columnRow(), columnRow({ schema: "audit" }), columnRow({ schema: "audit", name: "d" })]
    const tables = tablesOf(catalogOf(rows), source)
    expect(tables.map(({ key, columns }) => [key, columns.length])).toEqual([
      ["t", 1],
      ["audit.t", 2],
    ])
    expect(keysOf(rows, { schemas: ["audit", "public"] })).toEqual(["public.t", "t"])
  })

  it("is kept apart from another one whose name only looks the same", () => {
    const rows = [columnRow({ schema: "a", table: "b.c" }), columnRow({ schema: "a.b", table: "c" })]
    expect(keysOf(rows, source)).toHaveLength(2)
  })

  it.each([
    ["r", "table"],
    ["p", "table"],
    ["f", "table"],
    ["v", "view"],
    ["m", "view"],
  ] as const)("of relkind %s is a %s", (relationKind, kind) => {
    expect(tablesOf(catalogOf([columnRow({ relationKind })]), source)[0]?.kind).toBe(kind)
  })

  it.each<[string, Partial<SchemaSource>, readonly string[]]>([
    ["nothing", {}, ["users", "user_tmp", "audit.log", "audit.users"]],
    ["one name", { include: ["users"] }, ["users"]],
    ["a full name", { include: ["public.users"] }, ["users"]],
    ["a schema", { include: ["audit.*"] }, ["audit.log", "audit.users"]],
    ["every schema's", { exclude: ["*.users"] }, ["user_tmp", "audit.log"]],
    ["an end", { exclude: ["*_tmp"] }, ["users", "audit.log", "audit.users"]],
    ["a middle", { include: ["*s*r*"] }, ["users", "user_tmp", "audit.users"]],
    ["both", { include: ["user*"], exclude: ["*tmp"] }, ["users"]],
    ["no pattern but a name with a dot in it", { include: ["user.", "u?ers", "user"] }, []],
    ["an overlap that is none", { include: ["users*s"] }, []],
  ])("is chosen by %s", (_, patterns, expected) => {
    const rows = [
      columnRow({ table: "users" }),
      columnRow({ table: "user_tmp" }),
      columnRow({ schema: "audit", table: "log" }),
      columnRow({ schema: "audit", table: "users" }),
    ]
    expect(keysOf(rows, { ...source, ...patterns })).toEqual(expected)
  })
})
