import { differences } from "@kysely-resilient/codegen-config/src/drift.ts"
import { structureHash, structureOf, type Structure } from "@kysely-resilient/codegen-config/src/structure.ts"
import { tablesOf } from "@kysely-resilient/codegen-config/src/tables.ts"
import type { ColumnRow } from "@kysely-resilient/codegen-config/src/catalog.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, oids } from "./catalogs.ts"

function structure(...rows: readonly ColumnRow[]): Structure {
  return structureOf(tablesOf(catalogOf(...rows), "public"))
}

const rows: fc.Arbitrary<readonly ColumnRow[]> = fc.uniqueArray(
  fc
    .record({
      schema: fc.constantFrom("public", "audit"),
      table: fc.constantFrom("t", "u", "10", "9"),
      name: fc.constantFrom("a", "b", "B", "10", "9"),
      typeOid: fc.constantFrom(...Object.values(oids)),
      notNull: fc.boolean(),
      hasDefault: fc.boolean(),
      identity: fc.constantFrom<ColumnRow["identity"][]>("a", "d", ""),
    })
    .map(columnRow),
  { selector: ({ schema, table, name }) => `${schema}.${table}.${name}`, maxLength: 12, size: "max" },
)

describe("a structure", () => {
  it("is told by type, domain, labels, null and who gives the value", () => {
    expect(
      structure(
        columnRow({ name: "id", typeOid: oids.int8, identity: "a" }),
        columnRow({ name: "fee", typeOid: oids.fee, notNull: false }),
        columnRow({ name: "mood", typeOid: oids.enum, notNull: false }),
        columnRow({ name: "prices", typeOid: oids.prices }),
      ),
    ).toEqual({
      t: {
        kind: "table",
        columns: {
          fee: { type: "public.fee", base: "numeric", nullable: false, generated: "default" },
          id: { type: "int8", nullable: false, generated: "always" },
          mood: { type: "public.mood", labels: ["sad", "ok"], nullable: true },
          prices: { type: "public.price[]", base: "numeric[]", nullable: false },
        },
      },
    })
  })

  it("and its hash do not depend on the order in which tables and columns were made", () => {
    fc.assert(
      fc.property(rows, fc.infiniteStream(fc.nat()), (given, random) => {
        const shuffled = given
          .map((row) => ({ row, at: random.next().value ?? 0 }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ row }) => row)
        expect(JSON.stringify(structure(...shuffled))).toBe(JSON.stringify(structure(...given)))
      }),
    )
  })

  it("differs from another exactly if their hashes do", () => {
    fc.assert(
      fc.property(rows, rows, fc.boolean(), (one, other, same) => {
        const [a, b] = [structure(...one), structure(...(same ? one : other))]
        expect(differences(a, b).length === 0).toBe(structureHash(a) === structureHash(b))
      }),
    )
  })

  it("has a hash that stays the same from one version of ours to the next", () => {
    expect(structureHash(structure(columnRow()))).toBe("112656ff2d57ee4b")
  })
})
