import {
  expressionText,
  policy,
  typeScriptOf,
  type PolicyChoices,
  type TypeDefinition,
} from "@kysely-resilient/core/schema"
import { codecOf } from "@kysely-resilient/core/src/schema/codec-of.ts"
import { treeOf } from "@kysely-resilient/core/src/schema/type-tree.ts"
import { describe, expect, it } from "vitest"

const definitions: Readonly<Record<string, TypeDefinition>> = {
  "public.mood": { kind: "enum", labels: ["sad", 'o"k'] },
  "public.price": { kind: "domain", base: "numeric" },
  "public.fee": { kind: "domain", base: "public.price", notNull: true },
  "public.boxes": { kind: "domain", base: "box" },
  "public.tags": { kind: "domain", base: "text[]" },
  "public.many_boxes": { kind: "domain", base: "box[]" },
  "public.pair": {
    kind: "composite",
    attributes: [
      { name: "a", type: "int4" },
      { name: "b", type: "text" },
    ],
  },
  "public.nested": {
    kind: "composite",
    attributes: [
      { name: "pairs", type: "public.pair[]" },
      { name: "__proto__", type: "public.fee" },
    ],
  },
  "public.none": { kind: "composite", attributes: [] },
  "public.span": { kind: "range", subtype: "public.fee" },
  "public.spans": { kind: "multirange", range: "public.span" },
  "public.odd": { kind: "base", delimiter: "|" },
  "public.int8": { kind: "base" },
}

function read(type: string, text: string, choices?: PolicyChoices): unknown {
  return codecOf(treeOf(type, definitions), policy(choices)).parse(text)
}

function told(type: string, choices?: PolicyChoices): readonly [select: string, insert: string] {
  const { select, insert } = typeScriptOf(type, definitions, policy(choices))
  return [expressionText(select), expressionText(insert)]
}

describe("what a type is, and how its values are read", () => {
  it.each<[type: string, choices: PolicyChoices, select: string, insert: string, text: string, value: unknown]>([
    ["bool", {}, "boolean", "boolean", "t", true],
    ["int4", {}, "number", "number", "-7", -7],
    ["float8", {}, "number", "number", "-Infinity", Number.NEGATIVE_INFINITY],
    ["int8", {}, "bigint", "bigint | number | string", "-9223372036854775808", -9223372036854775808n],
    ["int8", { int8: "number" }, "number", "bigint | number | string", "9007199254740991", 9007199254740991],
    ["int8", { int8: "string" }, "string", "bigint | number | string", "9223372036854775807", "9223372036854775807"],
    ["numeric", {}, "string", "bigint | number | string", "1.10", "1.10"],
    ["numeric", { numeric: "number" }, "number", "bigint | number | string", "1.10", 1.1],
    ["money", {}, "string", "string", "$1.50", "$1.50"],
    ["bytea", {}, "Buffer", "Uint8Array", "\\x00ff", Buffer.from([0, 255])],
    ["bytea", {}, "Buffer", "Uint8Array", "\\000\\377a\\\\", Buffer.from([0, 255, 0x61, 0x5c])],
    ["json", {}, "unknown", "JsonInput", '{"a":[1,null]}', { a: [1, null] }],
    ["jsonb", { json: "string" }, "string", "JsonInput", "[1]", "[1]"],
    ["point", {}, "Point", "string", "(1,-2.5)", { x: 1, y: -2.5 }],
    ["circle", {}, "Circle", "string", "<(1,2),3>", { x: 1, y: 2, radius: 3 }],
    ["public.int8", {}, "string", "string", "1", "1"],
    ["public.mood", {}, '"sad" | "o\\"k"', '"sad" | "o\\"k"', "sad", "sad"],
    ["public.fee", {}, "string", "bigint | number | string", "1.0", "1.0"],
    [
      "public.pair",
      {},
      '{ "a": number | null; "b": string | null }',
      "string",
      '(1,"a ""b"" \\\\,)")',
      { a: 1, b: 'a "b" \\,)' },
    ],
    ["public.pair", {}, '{ "a": number | null; "b": string | null }', "string", '(,"")', { a: null, b: "" }],
    ["public.pair", { composite: "string" }, "string", "string", "(1,a)", "(1,a)"],
    ["public.none", {}, "{  }", "string", "()", {}],
    ["int4range", {}, "string", "string", "[1,3)", "[1,3)"],
    ["int4multirange", {}, "string", "string", "{[1,3)}", "{[1,3)}"],
    ["public.odd[]", {}, "(string | null)[]", "string", '{a,b|"c|d"}', ["a,b", "c|d"]],
    ["box[]", {}, "(string | null)[]", "string", "{(1,2),(0,0);(3,4),(1,1)}", ["(1,2),(0,0)", "(3,4),(1,1)"]],
    ["public.tags[]", {}, "((string | null)[] | null)[]", "string", '{"{a,b}",NULL}', [["a", "b"], null]],
    [
      "public.many_boxes[]",
      {},
      "((string | null)[] | null)[]",
      "string",
      '{"{(1,2),(0,0)}";NULL}',
      [["(1,2),(0,0)"], null],
    ],
    ["public.boxes[]", {}, "(string | null)[]", "string", "{(1,2),(0,0);NULL}", ["(1,2),(0,0)", null]],
    [
      "numeric[]",
      {},
      "(string | null)[]",
      "readonly (bigint | number | string | null)[]",
      "{1.10,NULL}",
      ["1.10", null],
    ],
    ["int4[]", { elements: "notNull" }, "(number)[]", "readonly (number)[]", "[0:1]={1,2}", [1, 2]],
    [
      "int4[][]",
      {},
      "((number | null)[])[]",
      "readonly (readonly (number | null)[])[]",
      "{{1,2},{3,NULL}}",
      [
        [1, 2],
        [3, null],
      ],
    ],
    [
      "json[]",
      {},
      "(unknown)[]",
      "readonly (JsonInput | null)[]",
      '{"{\\"a\\": 1}",NULL,"null"}',
      [{ a: 1 }, null, null],
    ],
    [
      "text[]",
      {},
      "(string | null)[]",
      "readonly (string | null)[]",
      '{"","NULL",NULL,"a\\"\\\\,{}",b c}',
      ["", "NULL", null, 'a"\\,{}', "b c"],
    ],
    [
      "public.mood[]",
      {},
      '("sad" | "o\\"k" | null)[]',
      'readonly ("sad" | "o\\"k" | null)[]',
      '{sad,"o\\"k"}',
      ["sad", 'o"k'],
    ],
  ])("%s %j", (type, choices, select, insert, text, value) => {
    expect(told(type, choices)).toEqual([select, insert])
    expect(read(type, text, choices)).toEqual(value)
  })

  it("composites in arrays in composites, with names that JavaScript has plans for", () => {
    expect(read("public.nested", '("{""(1,\\\\""a b\\\\"")"",NULL}",1.50)')).toEqual(
      Object.fromEntries([
        ["pairs", [{ a: 1, b: "a b" }, null]],
        ["__proto__", "1.50"],
      ]),
    )
    expect(told("public.nested")[0]).toBe(
      '{ "pairs": ({ "a": number | null; "b": string | null } | null)[] | null; "__proto__": string | null }',
    )
  })

  it("ranges as objects, if the policy says so", () => {
    const choices = { range: "object" } as const
    const range = { empty: false, lower: 1, upper: 3, lowerInclusive: true, upperInclusive: false }
    expect(told("int4range", choices)).toEqual(["Range<number>", "string"])
    expect(told("public.spans", choices)).toEqual(["(Range<string>)[]", "string"])
    expect(read("int4range", "[1,3)", choices)).toEqual(range)
    expect(read("int4range", "(,3)", choices)).toEqual({ ...range, lower: null, lowerInclusive: false })
    expect(read("int4range", "empty", choices)).toEqual({ empty: true })
    expect(read("int4multirange", "{}", choices)).toEqual([])
    expect(read("int4multirange", "{[1,3),(5,]}", choices)).toEqual([
      range,
      { empty: false, lower: 5, upper: null, lowerInclusive: false, upperInclusive: true },
    ])
    expect(read("tstzrange", '["2020-01-01 00:00:00+00",)', choices)).toMatchObject({ lower: new Date(1577836800000) })
    expect(read("public.span[]", '{"[1.0,2]",NULL}', choices)).toMatchObject([{ lower: "1.0", upper: "2" }, null])
  })

  it("custom types, alone and inside of others", () => {
    const parse = (text: string): number => text.length
    const choices = {
      "public.odd": { ts: "Odd", from: "./odd.ts", parse, serialize: String },
      "pg_catalog.tsvector": { ts: "number", parse },
    }
    expect(told("public.odd", choices)).toEqual(["Odd", "Odd"])
    expect(told("tsvector", choices)).toEqual(["number", "string"])
    expect(read("public.odd[]", "{a|bcd}", choices)).toEqual([1, 3])
    expect(typeScriptOf("public.odd", {}, policy(choices)).select).toEqual({
      kind: "written",
      text: "Odd",
      from: "./odd.ts",
    })
  })

  it.each<[type: string, text: string, choices: PolicyChoices, why: RegExp]>([
    ["timestamptz", "infinity", {}, /Infinity is no Date/],
    ["timestamptz", "-infinity", {}, /Infinity is no Date/],
    ["timestamptz", "0044-03-15 00:00:00+00 BC", {}, /before the year 1/],
    ["timestamptz", "294276-12-31 23:59:59.999999+00", {}, /later than any Date/],
    ["timestamptz", "03/15/2020 00:00:00 UTC", {}, /DateStyle/],
    ["timestamptz", "2020-03-15 00:00:00", {}, /DateStyle/],
    ["tstzrange", "[2020-01-01 00:00:00+00,infinity)", { range: "object" }, /Infinity is no Date/],
    ["timestamp", "infinity", { timestamp: "Date" }, /Infinity/],
    ["date", "infinity", { date: "Date" }, /Infinity/],
    ["date", "0044-03-15 BC", { date: "Date" }, /before the year 1/],
    ["interval", "infinity", { interval: "parts" }, /Infinity/],
    ["interval", "P1Y", { interval: "parts" }, /IntervalStyle/],
    ["int8", "9007199254740992", { int8: "number" }, /beyond/],
    ["int4[]", "{1,NULL}", { elements: "notNull" }, /element is null/],
    ["int4[]", "{1", {}, /no array/],
    ["int4[]", "{1}}", {}, /no array/],
    ["int4[]", "1", {}, /no array/],
    ["text[]", '{"a', {}, /no array/],
    ["public.pair", "(1,2,3)", {}, /another number of attributes/],
    ["public.pair", '(1,"a', {}, /middle of a field/],
    ["public.pair", "1,a", {}, /no composite/],
    ["int4range", "1,3", { range: "object" }, /no range/],
    ["int4multirange", "{[1,3)", { range: "object" }, /no range/],
  ])("%s: %s is an error, which quotes nothing of it", (type, text, choices, why) => {
    expect(() => read(type, text, choices)).toThrow(why)
    expect(() => read(type, text, choices)).not.toThrow(text)
  })

  it.each([
    ["2020-02-29 12:34:56.789123+00", "2020-02-29T12:34:56.789Z"],
    ["2020-02-29 12:34:56.7+05:30", "2020-02-29T07:04:56.700Z"],
    ["1883-11-18 12:03:57-04:56:02", "1883-11-18T16:59:59.000Z"],
    ["0001-01-01 00:00:00+00", "0001-01-01T00:00:00.000Z"],
    ["0099-12-31 23:59:59.999999+00", "0099-12-31T23:59:59.999Z"],
    ["12020-02-29 00:00:00+00", "+012020-02-29T00:00:00.000Z"],
    ["275760-09-13 00:00:00+00", "+275760-09-13T00:00:00.000Z"],
  ])("the moment %s", (text, iso) => {
    expect(read("timestamptz", text)).toEqual(new Date(iso))
  })

  it("dates and timestamps as the process's own wall clock, if the policy says so", () => {
    expect(read("date", "0044-03-15", { date: "Date" })).toEqual(new Date(new Date(2000, 2, 15).setFullYear(44)))
    expect(read("timestamp", "2020-02-29 12:34:56.7", { timestamp: "Date" })).toEqual(
      new Date(2020, 1, 29, 12, 34, 56, 700),
    )
    expect([read("date", "2020-02-29"), read("timestamp", "infinity")]).toEqual(["2020-02-29", "infinity"])
  })

  it.each([
    ["00:00:00", {}],
    [
      "1 year -2 mons +3 days -04:05:06.0789",
      { years: 1, months: -2, days: 3, hours: -4, minutes: -5, seconds: -6, milliseconds: -78.9 },
    ],
    ["-1 years", { years: -1 }],
    ["1 day", { days: 1 }],
    ["178956970 years 7 mons", { years: 178956970, months: 7 }],
    ["1000:00:00.000001", { hours: 1000, milliseconds: 0.001 }],
  ])("the interval %s in parts", (text, parts) => {
    const none = { years: 0, months: 0, days: 0, hours: 0, minutes: 0, seconds: 0, milliseconds: 0 }
    expect(read("interval", text, { interval: "parts" })).toEqual({ ...none, ...parts })
  })
})
