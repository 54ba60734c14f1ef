import type { ColumnRow } from "@kysely-resilient/codegen-config/src/catalog.ts"
import { dataIn, fileText } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import { tablesOf } from "@kysely-resilient/codegen-config/src/tables.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { catalogOf, columnRow, oids } from "./catalogs.ts"

function textOf(rows: readonly ColumnRow[], camelCase = false): string {
  return fileText(tablesOf(catalogOf(...rows), "public"), { unqualifiedSchema: "public", camelCase })
}

function identityOf({ schema, table, name }: ColumnRow): string {
  return JSON.stringify([schema, table, name])
}

/** The lines of the columns of the table `t`. */
function columnLines(...rows: readonly ColumnRow[]): readonly string[] {
  const [, body = ""] = /export interface T \{\n([^}]*)\}/.exec(textOf(rows)) ?? []
  return body.trim().split(/\n\s*/)
}

describe("a generated file", () => {
  it.each<[Partial<ColumnRow>, string]>([
    [{}, "c: string;"],
    [{ notNull: false }, "c: string | null;"],
    [{ typeOid: oids.int8 }, "c: Int8;"],
    [{ typeOid: oids.int8, identity: "d" }, "c: Generated<Int8>;"],
    [{ typeOid: oids.int8, identity: "a" }, "c: GeneratedAlways<string>;"],
    [{ typeOid: oids.numeric, notNull: false, hasDefault: true }, "c: Generated<Numeric | null>;"],
    [{ typeOid: oids.numericArray }, "c: ColumnType<number[], (number | string)[], (number | string)[]>;"],
    [{ typeOid: oids.prices }, "c: ColumnType<string, (number | string)[] | string, (number | string)[] | string>;"],
    [{ typeOid: oids.price, notNull: false }, "c: Numeric;"],
    [{ typeOid: oids.enum, notNull: false }, "c: Mood | null;"],
    [{ name: "not an identifier" }, '"not an identifier": string;'],
  ])("declares %j as %s", (change, line) => {
    expect(columnLines(columnRow(change))).toEqual([line])
  })

  it("keeps the order of an enum's labels and quotes what needs it", () => {
    expect(textOf([columnRow({ typeOid: oids.enum })])).toMatch(/^export type Mood = "sad" \| "ok";$/m)
  })

  it("tells enums apart whose names would become one", () => {
    const rows = [columnRow({ typeOid: oids.enum }), columnRow({ name: "d", typeOid: oids.quotedEnum })]
    expect(textOf(rows)).toMatch(/^export type Mood = "loud";$/m)
    expect(textOf(rows)).toMatch(/^export type Mood2 = "sad" \| "ok";$/m)
    expect(columnLines(...rows)).toEqual(["c: Mood2;", "d: Mood;"])
  })

  it("says what the database's comments say, whatever they hold", () => {
    const text = textOf([columnRow({ comment: "ends */ early", tableComment: "two\r\nlines" })])
    expect(text).toContain("/** ends *\\/ early */\n  c: string;")
    expect(text).toContain("/**\n * two\n * lines\n */\nexport interface T {")
  })

  it("gives a table its name and lets everything else take another", () => {
    const tables = ["int8", "date", "generated", "column_type", "schema", "mood"]
    const rows = tables.flatMap((table) => [
      columnRow({ table, name: "a", typeOid: oids.int8, identity: "d" }),
      columnRow({ table, name: "b", typeOid: oids.enum }),
    ])
    const text = textOf(rows)
    const declared = [...text.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name)
    expect(new Set(declared).size).toBe(declared.length)
    expect(declared).toEqual(
      expect.arrayContaining([
        "Int8",
        "Date",
        "Generated",
        "ColumnType",
        "Schema",
        "Mood",
        "Int82",
        "Generated2",
        "Mood2",
      ]),
    )
    expect(text).toContain("import { defineSchema, type Schema as Schema2 }")
    expect(text).toContain("import type { ColumnType as ColumnType2 }")
    expect(text).toContain("a: Generated2<Int82>;\n  b: Mood2;")
  })

  it("declares every name once and uses none that it does not declare, whatever tables and schemas are called", () => {
    const name = fc.constantFrom(
      "int8",
      "Int8",
      "int_8",
      "int82",
      "json",
      "date",
      "mood",
      "Mood",
      "generated",
      "d",
      "größe",
      "1st",
      "_",
    )
    const row = fc
      .record({
        schema: fc.constantFrom("public", "audit", "Mood"),
        table: name,
        name,
        typeOid: fc.constantFrom(...Object.values(oids)),
        hasDefault: fc.boolean(),
        notNull: fc.boolean(),
      })
      .map(columnRow)
    fc.assert(
      fc.property(fc.uniqueArray(row, { selector: identityOf, minLength: 1, maxLength: 12, size: "max" }), (rows) => {
        const text = textOf(rows)
        const declared = [...text.matchAll(/^export (?:type|interface) ([\w$]+)/gm)].map(([, found]) => found)
        expect(declared).toHaveLength(new Set(declared).size)
        const [types = ""] = text.split("export const schema")
        const imported = [...types.matchAll(/(?:\w+ as )?(\w+)(?=[,} ]+(?:.*\} )?from)/g)].map(([, found]) => found)
        const used = [...types.matchAll(/(?<=[:<|(] )[A-Z]\w*/g)].map(([found]) => found)
        const known = new Set([...declared, ...imported, "Date", "Record", "T", "S", "I", "U"])
        expect(used.filter((found) => !known.has(found))).toEqual([])
      }),
    )
  })

  it("says of itself what it was made from, and nothing once it was damaged", () => {
    const text = textOf([columnRow(), columnRow({ schema: "audit", name: 'quote " and ); \n' })])
    expect(dataIn(text)?.hash).toMatch(/^[0-9a-f]{16}$/)
    expect(dataIn(text)?.tables).toEqual({
      t: { kind: "table", columns: { c: { type: "text", nullable: false } } },
      "audit.t": { kind: "table", columns: { 'quote " and ); \n': { type: "text", nullable: false } } },
    })
    for (const damaged of [
      "",
      text.slice(0, -1),
      text.replace('"hash"', "hash"),
      text.replace('"tables"', '"table"'),
    ]) {
      expect(dataIn(damaged)).toBeUndefined()
    }
  })
})
