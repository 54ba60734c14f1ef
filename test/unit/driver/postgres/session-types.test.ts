import type { CatalogType, Decoding } from "@kysely-resilient/driver/src/postgres/decoding.ts"
import type { FieldDescription } from "@kysely-resilient/driver/src/postgres/internals.ts"
import { SessionTypes } from "@kysely-resilient/driver/src/postgres/session-types.ts"
import { describe, expect, it } from "vitest"

const [TEXT, JSONB, MOOD, PAIR, TABLE] = [25, 3802, 20_001, 20_002, 30_001]

/** Reads everything as its type's name and the text. */
const decoding: Decoding = {
  builtIn(oid) {
    const read = (text: string): string => text
    if (oid !== JSONB) return oid < 10_000 ? { type: `t${oid}`, read } : undefined
    return {
      type: "jsonb",
      read,
      readerOf:
        ({ column }) =>
        (text) =>
          `${column} ${text}`,
    }
  },
  described: (type) => ({ type: nameOf(type), read: (text) => `${nameOf(type)} ${text}` }),
}

function nameOf(type: CatalogType): string {
  if (type.kind === "array") return `${nameOf(type.element)}[]`
  return type.kind === "composite" ? `${type.name}(${type.attributes.map(({ name }) => name).join()})` : type.name
}

const field = (dataTypeID: number, tableID = 0, columnID = 0): FieldDescription => ({
  name: "c",
  dataTypeID,
  tableID,
  columnID,
})

const row = (oid: number, name: string, kind: string, print: string, attribute?: string): object => ({
  oid,
  name,
  kind,
  print,
  delimiter: ",",
  element: null,
  base: 0,
  subtype: null,
  range: null,
  attributes: attribute === undefined ? null : [[attribute, TEXT]],
})

const text = row(TEXT, "text", "b", "pg_catalog|text")
const mood = row(MOOD, "public.mood", "e", "mood")
const pair = (attribute: string): object => row(PAIR, "public.pair", "c", `pair|${attribute}`, attribute)
const said = (types: readonly object[], tables: readonly object[] = []): readonly string[] => [
  JSON.stringify(types),
  JSON.stringify(tables),
]
const prints = (types: Readonly<Record<number, string>>): readonly string[] => [
  JSON.stringify({ [TEXT]: "pg_catalog|text", ...types }),
]
const table = (column: string): object => ({
  oid: TABLE,
  schema: "public",
  table: "posts",
  print: `posts|${column}`,
  columns: [[3, column]],
})

function session(pooled = false): SessionTypes {
  return new SessionTypes(decoding, () => pooled)
}

function learn(types: SessionTypes, sql: string, fields: readonly FieldDescription[], answer: readonly string[]): void {
  types.learn(types.unknownsIn(fields), answer)
  types.doubt(sql, fields)
}

describe("what a session knows of types", () => {
  it("asks for those that are not built in, and for the tables of checked columns", () => {
    const fields = [field(TEXT, TABLE), field(MOOD), field(MOOD, TABLE), field(JSONB), field(JSONB, TABLE, 3)]
    expect(session().unknownsIn(fields)).toEqual({ types: [MOOD], tables: [TABLE] })
  })

  it("trusts what cannot be altered for as long as the connection lives", () => {
    const types = session()
    learn(types, "a", [field(MOOD)], said([mood]))
    expect(types.readerOf(field(MOOD))?.("x")).toBe("public.mood x")
    expect([types.riderOf("a"), types.unknownsIn([field(MOOD)])]).toEqual([undefined, { types: [], tables: [] }])
  })

  it.each([
    ["attributes", false, [field(PAIR)], [pair("a"), text]],
    ["checked columns", false, [field(JSONB, TABLE, 3)], []],
    ["anything behind a pooler", true, [field(MOOD)], [mood]],
  ])("trusts no memory of %s, but has its text ask", (_, pooled, fields, answer) => {
    const types = session(pooled)
    learn(types, "a", fields, said(answer, [table("meta")]))
    expect(fields.map((each) => types.readerOf(each))).toEqual([undefined])
    expect(types.known.readerOf(fields[0] ?? field(0))).toBeDefined()
    expect(types.riderOf("a")).toMatch(/^select \(select json_object_agg/)
    expect(types.riderOf("b")).toBeUndefined()
  })

  it("is content with the same answer as before, and forgets everything at another", () => {
    const types = session()
    const fields = [field(PAIR)]
    learn(types, "a", fields, said([pair("a"), text]))
    for (let times = 0; times < 2; times += 1) {
      expect(types.confirms("a", prints({ [PAIR]: "pair|a" }), fields)).toBe(true)
    }
    expect(types.known.readerOf(field(PAIR))?.("x")).toBe("public.pair(a) x")
    expect(types.confirms("a", prints({ [PAIR]: "pair|b" }), fields)).toBe(false)
    expect([types.known.readerOf(field(PAIR)), types.riderOf("a")]).toEqual([undefined, undefined])
  })

  it("compares with what it has learnt last, not with what it was told before", () => {
    const types = session()
    const fields = [field(PAIR)]
    learn(types, "a", fields, said([pair("a"), text]))
    expect(types.confirms("a", prints({ [PAIR]: "pair|a" }), fields)).toBe(true)
    // Altered, which another text was the first to see; and altered back.
    learn(types, "b", fields, said([pair("b"), text]))
    expect(types.confirms("a", prints({ [PAIR]: "pair|a" }), fields)).toBe(false)
  })

  it("does not take a confirmation for types that the text has only now", () => {
    const types = session()
    learn(types, "a", [field(PAIR)], said([pair("a"), text]))
    expect(types.confirms("a", prints({ [PAIR]: "pair|a" }), [field(PAIR), field(JSONB, TABLE, 3)])).toBe(false)
    expect(types.confirms("a", prints({}), [field(PAIR)])).toBe(false)
  })

  it("sees where question and answer came from different servers", () => {
    const types = session(true)
    const asked = { types: [MOOD], tables: [] }
    types.learn(asked, said([mood]))
    expect([types.agrees(prints({ [MOOD]: "mood" }), asked), types.agrees(prints({ [MOOD]: "other" }), asked)]).toEqual(
      [true, false],
    )
  })

  it("does not know a type with a part that the server does not show", () => {
    const types = session()
    learn(types, "a", [field(PAIR)], said([pair("a")]))
    expect(types.known.readerOf(field(PAIR))).toBeUndefined()
    expect(types.typeOf(field(PAIR))).toBe(String(PAIR))
  })
})
