import { differences } from "@kysely-resilient/core/src/schema-check/differences.ts"
import { structureHash, structureIn, type Structure } from "@kysely-resilient/core/src/schema-check/structure.ts"
import type { ConstraintRow } from "@kysely-resilient/core/src/schema-check/catalog.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, constraintRow, oids, type PlacedColumn } from "../../../support/catalogs.ts"

function structure(...rows: readonly PlacedColumn[]): Structure {
  return structureWith(rows, [])
}

function structureWith(rows: readonly PlacedColumn[], constraints: readonly ConstraintRow[]): Structure {
  return structureIn(catalogOf(rows, { constraints }), { schemas: ["public", "audit"] })
}

const constraints: fc.Arbitrary<readonly ConstraintRow[]> = fc.uniqueArray(
  fc
    .record({
      name: fc.constantFrom("a", "b", "price_check"),
      schema: fc.constantFrom("public", "audit"),
      table: fc.constantFrom("t", "u"),
      kind: fc.constantFrom<ConstraintRow["kind"][]>("u", "c", "x"),
      columns: fc.uniqueArray(fc.constantFrom("a", "b", "10"), { maxLength: 2 }),
      deferrable: fc.boolean(),
      partial: fc.boolean(),
    })
    .map(constraintRow),
  { selector: ({ schema, table, name }) => `${schema}.${table}.${name}`, maxLength: 5, size: "max" },
)

const rows: fc.Arbitrary<readonly PlacedColumn[]> = fc.uniqueArray(
  fc
    .record({
      schema: fc.constantFrom("public", "audit"),
      table: fc.constantFrom("t", "u", "10", "9"),
      name: fc.constantFrom("a", "b", "B", "10", "9"),
      typeOid: fc.constantFrom(...Object.values(oids)),
      notNull: fc.boolean(),
      hasDefault: fc.boolean(),
      identity: fc.constantFrom<PlacedColumn["identity"][]>("a", "d", ""),
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
        columnRow({ name: "prices", typeOid: oids.prices, dimensions: 2 }),
      ).tables,
    ).toEqual({
      t: {
        kind: "table",
        columns: {
          fee: { type: "public.fee", base: "numeric", nullable: false, generated: "default" },
          id: { type: "int8", nullable: false, generated: "always" },
          mood: { type: "public.mood", labels: ["sad", "ok"], nullable: true },
          prices: { type: "public.price[][]", base: "numeric[][]", nullable: false },
        },
      },
    })
  })

  it("knows an enum that has no labels yet from a base type", () => {
    const { tables, types } = structure(
      columnRow({ name: "one", typeOid: oids.empty }),
      columnRow({ name: "many", typeOid: oids.emptyArray }),
    )
    expect(types).toEqual({ "public.nothing_yet": { kind: "enum", labels: [] } })
    expect(tables["t"]?.columns).toEqual({
      many: { type: "public.nothing_yet[]", labels: [], nullable: false },
      one: { type: "public.nothing_yet", labels: [], nullable: false },
    })
  })

  it("and its hash do not depend on the order in which tables and columns were made", () => {
    fc.assert(
      fc.property(rows, constraints, fc.infiniteStream(fc.nat()), (given, on, random) => {
        const shuffled = <T>(values: readonly T[]): readonly T[] =>
          values
            .map((value) => ({ value, at: random.next().value ?? 0 }))
            .toSorted((a, b) => a.at - b.at)
            .map(({ value }) => value)
        const other = structureWith(shuffled(given), shuffled(on))
        expect(JSON.stringify(other)).toBe(JSON.stringify(structureWith(given, on)))
      }),
    )
  })

  it("differs from another exactly if their hashes do", () => {
    fc.assert(
      fc.property(rows, rows, constraints, constraints, fc.nat(3), (one, other, on, onOther, same) => {
        const a = structureWith(one, on)
        const b = structureWith(same === 0 ? other : one, same === 1 ? onOther : on)
        expect(differences(a, b).length === 0).toBe(structureHash(a) === structureHash(b))
      }),
    )
  })

  it("has a hash that stays the same from one version of ours to the next", () => {
    expect(structureHash(structure(columnRow()))).toBe("5c00152e31ea9fa7")
  })
})
