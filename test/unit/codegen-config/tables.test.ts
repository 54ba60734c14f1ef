import { tablesOf, typeName, withoutDomains, type Column } from "@kysely-resilient/codegen-config/src/tables.ts"
import type { ColumnRow } from "@kysely-resilient/codegen-config/src/catalog.ts"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, oids } from "./catalogs.ts"

function columnOf(change: Partial<ColumnRow>): Column | undefined {
  return tablesOf(catalogOf(columnRow(change)), "public")[0]?.columns[0]
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
    expect(() => columnOf({ typeOid: 4711 })).toThrow(/oid 4711 was dropped/)
  })
})

describe("a table", () => {
  it("is named without its schema only in the first of the schemas", () => {
    const rows = [columnRow(), columnRow({ schema: "audit" }), columnRow({ schema: "audit", name: "d" })]
    const tables = tablesOf(catalogOf(...rows), "public")
    expect(tables.map(({ key, columns }) => [key, columns.length])).toEqual([
      ["t", 1],
      ["audit.t", 2],
    ])
    expect(tablesOf(catalogOf(...rows), "audit").map(({ key }) => key)).toEqual(["public.t", "t"])
  })

  it("is kept apart from another one whose name only looks the same", () => {
    const rows = [columnRow({ schema: "a", table: "b.c" }), columnRow({ schema: "a.b", table: "c" })]
    expect(tablesOf(catalogOf(...rows), "public")).toHaveLength(2)
  })

  it.each([
    ["r", "table"],
    ["p", "table"],
    ["f", "table"],
    ["v", "view"],
    ["m", "view"],
  ] as const)("of relkind %s is a %s", (relationKind, kind) => {
    expect(tablesOf(catalogOf(columnRow({ relationKind })), "public")[0]?.kind).toBe(kind)
  })
})
