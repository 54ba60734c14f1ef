import type { CodegenConfig } from "@kysely-resilient/codegen-config"
import { checkConfig } from "@kysely-resilient/codegen-config/src/check-config.ts"
import { dataIn, fileFor } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import { policy } from "@kysely-resilient/core/schema"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import {
  catalogOf,
  columnRow,
  constraintRow,
  foreignKeyRow,
  oids,
  type CatalogParts,
  type PlacedColumn,
} from "../../support/catalogs.ts"

const schemas = ["public", "audit", "Mood"]

function textOf(rows: readonly PlacedColumn[], config: Partial<CodegenConfig> = {}, parts: CatalogParts = {}): string {
  const checked = checkConfig({ outFile: "/app/db/schema.gen.ts", schemas, ...config }, "/app", {})
  return fileFor(catalogOf(rows, parts), checked, { policy: policy(), from: undefined }).text
}

function identityOf({ schema, table, name }: PlacedColumn): string {
  return JSON.stringify([schema, table, name])
}

/** The lines of the columns of the table `t`. */
function columnLines(
  rows: readonly PlacedColumn[],
  config?: Partial<CodegenConfig>,
  parts?: CatalogParts,
): readonly string[] {
  const [, body = ""] = /export interface T \{\n([^}]*)\}/.exec(textOf(rows, config, parts)) ?? []
  return body.trim().split(/\n\s*/)
}

const aKey = { constraints: [constraintRow({ primary: true })] }
const branded = { brands: { primaryKeys: true } }

describe("a generated file", () => {
  it.each<[Partial<PlacedColumn>, string]>([
    [{}, "c: string;"],
    [{ notNull: false }, "c: string | null;"],
    [{ typeOid: oids.int8 }, "c: Int8;"],
    [{ typeOid: oids.int8, identity: "d" }, "c: Generated<Int8>;"],
    [{ typeOid: oids.int8, identity: "a" }, "c: GeneratedAlways<bigint>;"],
    [{ typeOid: oids.numeric, notNull: false, hasDefault: true }, "c: Generated<Numeric | null>;"],
    [
      { typeOid: oids.numericArray },
      "c: ColumnType<(string | null)[], ReadonlyArray<bigint | number | string | null>, ReadonlyArray<bigint | number | string | null>>;",
    ],
    [{ typeOid: oids.prices, dimensions: 2, identity: "a" }, "c: GeneratedAlways<(string | null)[][]>;"],
    [{ typeOid: oids.price, notNull: false }, "c: Numeric;"],
    [{ typeOid: oids.enum, notNull: false }, "c: Mood | null;"],
    [{ typeOid: oids.pair }, "c: ColumnType<Pair, string, string>;"],
    [{ name: "not an identifier" }, '"not an identifier": string;'],
    [{ name: "__proto__" }, "__proto__: string;"],
    [{ name: "größe" }, '"größe": string;'],
  ])("declares %j as %s", (change, line) => {
    expect(columnLines([columnRow(change)])).toEqual([line])
  })

  it.each<[string, Partial<PlacedColumn>, Partial<CodegenConfig>, string]>([
    [
      "an id",
      { typeOid: oids.int8 },
      branded,
      "c: ColumnType<TC, TC | bigint | number | string, TC | bigint | number | string>;",
    ],
    ["an id that the database gives", { typeOid: oids.int8, identity: "a" }, branded, "c: GeneratedAlways<TC>;"],
    [
      "JSON of a type",
      { typeOid: oids.jsonb },
      { json: { "t.c": "./types.ts#Meta" } },
      "c: ColumnType<Meta, JsonOf<Meta>, JsonOf<Meta>>;",
    ],
    [
      "JSON that a validator reads",
      { typeOid: oids.jsonb, notNull: false },
      { json: { "t.c": { decoder: "./types.ts#meta" } } },
      "c: ColumnType<Decoded<typeof meta>, JsonOf<Encoded<typeof meta>>, JsonOf<Encoded<typeof meta>>> | null;",
    ],
    ["a type of somebody's own", {}, { overrides: { "t.c": "Map<string, number>" } }, "c: (Map<string, number>);"],
    [
      "a type of somebody's own, written otherwise, with what the catalogue says beside it",
      { notNull: false, hasDefault: true },
      { overrides: { "t.c": { select: "./types.ts#Name", insert: "string" } } },
      "c: Generated<ColumnType<Name, string, string> | null>;",
    ],
  ])("declares %s as configured", (_, change, config, line) => {
    expect(columnLines([columnRow(change)], config, aKey)).toEqual([line])
  })

  it("imports a user's modules as the file finds them, and loads only what it needs when it runs", () => {
    const rows = [
      columnRow({ name: "a", typeOid: oids.jsonb }),
      columnRow({ name: "b", typeOid: oids.jsonb }),
      columnRow({ name: "c" }),
      columnRow({ table: "meta" }),
    ]
    const text = textOf(rows, {
      json: { "t.a": "./types.ts#Meta", "t.b": { decoder: "../shared/json.ts#meta" } },
      overrides: { "t.c": "some-package#Name" },
    })
    expect(text).toContain('import type { Meta as Meta2 } from "../types.ts";\n')
    expect(text).toContain('import { meta } from "../../shared/json.ts";\n')
    expect(text).toContain('import type { Name } from "some-package";\n')
    expect(text).toContain('  decoders: {\n    "t.b": meta,\n  },\n')
  })

  it.each<[string, Partial<CodegenConfig>, RegExp]>([
    ["a column that does not exist", { json: { "t.d": "./a.ts#A" } }, /json names t\.d, and there is no such column/],
    ["a column that is no JSON", { json: { "t.c": "./a.ts#A" } }, /json names t\.c, which is no column of type json/],
    ["an override of nothing", { overrides: { "t.d": "string" } }, /overrides names t\.d/],
    ["a brand of nothing", { brands: { names: { "t.d": "D" } } }, /brands\.names names t\.d/],
    ["a view that is a table", { views: { t: {} } }, /views names t, and there is no such view/],
    ["a view's column that does not exist", { views: { v: { notNull: ["x"] } } }, /views names v\.x/],
  ])("is refused if the configuration speaks of %s", (_, config, message) => {
    expect(() => textOf([columnRow(), columnRow({ table: "v", relationKind: "v" })], config)).toThrow(message)
  })

  it("believes what it is told of views, and keeps to the catalogue in what a database is compared by", () => {
    const rows = [columnRow({ relationKind: "v", notNull: false })]
    const text = textOf(rows, { views: { t: { notNull: ["c"] } } })
    expect(text).toContain("  c: string;\n")
    expect(dataIn(text)?.tables["t"]?.columns["c"]?.nullable).toBe(true)
  })

  it("keeps the order of an enum's labels, and has them as data, too", () => {
    const text = textOf([columnRow({ typeOid: oids.enum })])
    expect(text).toMatch(/^export type Mood = "sad" \| "ok";$/m)
    expect(text).toMatch(/^export const MoodLabels = \["sad", "ok"\] as const;$/m)
  })

  it("tells enums apart whose names would become one", () => {
    const rows = [columnRow({ typeOid: oids.enum }), columnRow({ name: "d", typeOid: oids.quotedEnum })]
    expect(textOf(rows)).toMatch(/^export type Mood = "loud";$/m)
    expect(textOf(rows)).toMatch(/^export type Mood2 = "sad" \| "ok";$/m)
    expect(columnLines(rows)).toEqual(["c: Mood2;", "d: Mood;"])
  })

  it("says what the database's comments say, whatever they hold, unless it is not to", () => {
    const rows = [columnRow({ comment: "ends */ early", tableComment: "two\r\nlines\u2028three" })]
    const text = textOf(rows)
    expect(text).toContain("/** ends *\\/ early */\n  c: string;")
    expect(text).toContain("/**\n * two\n * lines\n * three\n */\nexport interface T {")
    const silent = textOf(rows, { emit: { comments: false } })
    expect(silent).not.toContain("early")
    expect(silent).not.toContain("lines")
    expect(dataIn(silent)).toEqual(dataIn(text))
  })

  it("leaves out what is not to be emitted", () => {
    const rows = [columnRow({ table: "users", name: "id" }), columnRow({ table: "posts", name: "author" })]
    const parts = { constraints: [foreignKeyRow()] }
    const whole = textOf(rows, {}, parts)
    expect(whole).toContain("export interface DBConstraints {")
    expect(whole).toContain("export interface DBRelations {")
    expect(whole).toContain("export const schema: Schema<DB, DBConstraints> = defineSchema<DB, DBConstraints>({")
    const less = textOf(rows, { emit: { constraints: false, relations: false } }, parts)
    expect(less).not.toMatch(/DBConstraints|DBRelations|posts_author_fk/)
    expect(less).toContain("export const schema: Schema<DB> = defineSchema<DB>({")
    expect(dataIn(less)).not.toHaveProperty("constraints")
  })

  it("gives a table its name and lets everything else take another", () => {
    const tables = ["int8", "date", "generated", "column_type", "schema", "mood", "d_b", "db_constraints"]
    const rows = tables.flatMap((table) => [
      columnRow({ table, name: "a", typeOid: oids.int8, identity: "d" }),
      columnRow({ table, name: "b", typeOid: oids.enum }),
    ])
    const text = textOf(rows)
    const declared = [...text.matchAll(/^export (?:type|interface) (\w+)/gm)].map(([, name]) => name)
    expect(new Set(declared).size).toBe(declared.length)
    expect(declared).toEqual(
      expect.arrayContaining(
        "Int8 DateTable Generated ColumnType Schema Mood DBTable DbConstraints Int82 Generated2 Mood2".split(" "),
      ),
    )
    expect(text).toContain("type Schema as Schema2")
    expect(text).toContain("import type { ColumnType as ColumnType2 }")
    expect(text).toContain("a: Generated2<Int82>;\n  b: Mood2;")
  })

  it("refuses names that become one, or that lead to another, in camelCase", () => {
    const names = ["a_b", "aB", "line_1", "Loud", "fine_name"].map((name) => columnRow({ name }))
    expect(() => textOf(names, { camelCase: true })).toThrow(
      "In camelCase t.a_b and t.aB would both be aB; t.aB would be aB, which queries send as a_b; " +
        "t.line_1 would be line1, which queries send as line1; t.Loud would be Loud, which queries send as loud. " +
        "Rename it, exclude its table, or do without camelCase",
    )
    expect(columnLines([columnRow({ name: "fine_name" })], { camelCase: true })).toEqual(["fineName: string;"])
    expect(() => textOf([columnRow({ schema: "a", table: "b.c" }), columnRow({ schema: "a.b", table: "c" })])).toThrow(
      "a.b.c and a.b.c would both be a.b.c",
    )
  })

  it("declares every name once and uses none that it does not declare, whatever tables and schemas are called", () => {
    const names =
      "int8 Int8 int_8 int82 json date mood Mood generated d größe 1st _ " +
      "__proto__ constructor toString d_b DB t_c TC decoded mood_labels class"
    const name = fc.constantFrom(...names.split(" "))
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
    const rowsOf = fc.uniqueArray(row, { selector: identityOf, minLength: 1, maxLength: 12, size: "max" })
    fc.assert(
      fc.property(rowsOf, (rows) => {
        const [first] = rows
        const constraints = first ? [constraintRow({ ...first, name: "k", primary: true, columns: [first.name] })] : []
        const text = textOf(rows, branded, { constraints })
        const declared = [...text.matchAll(/^export (?:type|interface) ([\p{ID_Continue}$]+)/gmu)].map(
          ([, found]) => found,
        )
        expect(declared).toHaveLength(new Set(declared).size)
        const [types = ""] = text.split("export interface DBConstraints")
        const imported = [...types.matchAll(/(?:type )?(?:\w+ as )?(\w+)(?=[,} ]+(?:.*\} )?from)/g)].map(
          ([, found]) => found,
        )
        const used = [...types.matchAll(/(?<=[:<|(] )[A-Z][\p{ID_Continue}]*/gu)].map(([found]) => found)
        const known = new Set([...declared, ...imported, "ReadonlyArray", "Date", "T", "S", "I", "U"])
        expect(used.filter((found) => !known.has(found))).toEqual([])
        expect(dataIn(text)).toBeDefined()
      }),
    )
  })

  it("says of itself what it was made from, and nothing once it was damaged", () => {
    const odd = 'quote " and }); \n\n });\n["__proto__" as string]: '
    const rows = [columnRow(), columnRow({ schema: "audit", name: odd }), columnRow({ table: "__proto__" })]
    const text = textOf(rows, {}, { constraints: [constraintRow({ name: "constructor", aliases: ["__proto__"] })] })
    const data = dataIn(text)
    expect(data?.hash).toMatch(/^[0-9a-f]{16}$/)
    expect(data?.source).toEqual({ schemas })
    expect(Object.entries(data?.tables ?? {})).toEqual([
      ["__proto__", { kind: "table", columns: { c: { type: "text", nullable: false } } }],
      ["audit.t", { kind: "table", columns: { [odd]: { type: "text", nullable: false } } }],
      ["t", { kind: "table", columns: { c: { type: "text", nullable: false } } }],
    ])
    expect(data?.constraints?.["t"]?.own).toEqual({ constructor: { kind: "unique", columns: ["c"] } })
    expect(Object.entries(data?.constraints?.["t"]?.aliases ?? {})).toEqual([["__proto__", "constructor"]])
    for (const damaged of [
      "",
      text.slice(0, -1),
      text.replace('"hash"', "hash"),
      text.replace('"tables"', '"table"'),
      text.replace('"constraints": {', '"constraints": 7, "x": {'),
      text.replace('"own": {', '"mine": {'),
    ]) {
      expect(dataIn(damaged)).toBeUndefined()
    }
  })
})
