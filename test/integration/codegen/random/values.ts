import type { Policy } from "@kysely-resilient/core/schema"
import * as fc from "fast-check"

import { LITERALS } from "../../core/decoding/samples.ts"
import { text, type RandomType } from "./model.ts"

type Draw = fc.GeneratorValue

/** Types whose values are drawn; of every other one that takes values there is one, as good as any: it is read as text. */
const DRAWN = {
  bool: fc.constantFrom("true", "false"),
  int2: fc.integer({ min: -32_768, max: 32_767 }).map(String),
  int4: fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }).map(String),
  int8: fc.oneof(
    fc.constantFrom("9007199254740993", "-9007199254740993", "0"),
    fc.bigInt({ min: -(2n ** 63n), max: 2n ** 63n - 1n }).map(String),
  ),
  oid: fc.integer({ min: 0, max: 2 ** 32 - 1 }).map(String),
  float4: fc.oneof(
    fc.constantFrom("NaN", "Infinity", "-Infinity", "3.4028235e+38", "1e-45"),
    fc.integer({ min: -999, max: 999 }).map((number) => String(number / 8)),
  ),
  float8: fc.double().map((number) => String(number === 0 ? 0 : number)),
  numeric: fc.oneof(
    fc.constantFrom("NaN", "Infinity", "0.000", "-0.10", "12345678901234567890.1230"),
    fc.integer().map((number) => String(number / 1000)),
  ),
  text: anyText(20),
  varchar: anyText(9),
  name: fc.stringMatching(/^[a-z "']{0,9}$/),
  uuid: fc.uuid(),
  bytea: fc.uint8Array({ maxLength: 9 }).map((bytes) => `\\x${Buffer.from(bytes).toString("hex")}`),
  json: jsonText(),
  jsonb: jsonText(),
  date: moment(10),
  timestamp: moment(23),
  timestamptz: moment(24),
  interval: fc
    .tuple(
      fc.integer({ min: -99, max: 99 }),
      fc.integer({ min: -11, max: 11 }),
      fc.integer({ min: -99_999, max: 99_999 }),
    )
    .map(([years, months, seconds]) => `${years} years ${months} mons ${seconds} days ${seconds / 8} secs`),
  point: fc.tuple(fc.integer(), fc.integer()).map(([x, y]) => `(${x / 8},${y / 8})`),
  circle: fc.tuple(fc.integer(), fc.nat()).map(([x, radius]) => `<(${x / 8},0),${radius / 8}>`),
} satisfies Readonly<Record<string, fc.Arbitrary<string>>>

const drawn: ReadonlyMap<string, fc.Arbitrary<string>> = new Map(Object.entries(DRAWN))

/** All of PostgreSQL's own types of which there are values, those with a reading of their own many times. */
export const BASE_NAMES: readonly string[] = [
  ...Object.keys(LITERALS).filter((name) => !name.includes(".")),
  ...Object.keys(DRAWN).flatMap((name) => Array.from({ length: 8 }, () => name)),
]

function anyText(maxLength: number): fc.Arbitrary<string> {
  return fc
    .oneof(fc.string({ unit: "binary", maxLength }), fc.stringMatching(/^[a-z"\\,(){}NUL ]{0,9}$/))
    .map((value) => value.replaceAll("\0", ""))
}

/** Without what jsonb cannot hold, and with names that CamelCasePlugin leaves alone. */
function jsonText(): fc.Arbitrary<string> {
  const leaf = fc.oneof(fc.integer(), fc.boolean(), fc.constant(null), fc.stringMatching(/^[a-z"\\{} ]{0,9}$/))
  const { value } = fc.letrec<{ value: unknown }>((tie) => ({
    value: fc.oneof(
      { depthSize: "small", withCrossShrink: true },
      leaf,
      fc.array(tie("value"), { maxLength: 3 }),
      fc.dictionary(fc.constantFrom("a", "b", "c"), tie("value"), { maxKeys: 3, noNullPrototype: true }),
    ),
  }))
  // At the top a null of JSON and one of PostgreSQL are read as the same.
  return value.filter((json) => json !== null).map((json) => JSON.stringify(json))
}

/** To the millisecond: a Date holds no more. */
function moment(length: number): fc.Arbitrary<string> {
  return fc
    .date({ min: new Date("0001-01-02T00:00:00Z"), max: new Date("9999-12-30T00:00:00Z"), noInvalidDate: true })
    .map((date) => date.toISOString().slice(0, length))
}

function baseValue(draw: Draw, name: string, choices: Policy["choices"]): string {
  if (name === "int8" && choices.int8 === "number") return String(draw(fc.maxSafeInteger))
  const arbitrary = drawn.get(name)
  return arbitrary === undefined ? (LITERALS[name] ?? "") : draw(() => arbitrary)
}

/** SQL for a value of the type. */
export function valueOf(draw: Draw, type: RandomType, choices: Policy["choices"]): string {
  switch (type.kind) {
    case "base":
      return `${text(baseValue(draw, type.name, choices))}::${type.sql}`
    case "enum":
      return `${text(draw(fc.constantFrom, ...type.labels))}::${type.sql}`
    case "domain":
      return `(${valueOf(draw, type.base, choices)})::${type.sql}`
    case "composite": {
      const attributes = type.attributes.map(({ type: of }) =>
        refusesNull(of) || draw(fc.integer, { min: 0, max: 3 }) > 0 ? valueOf(draw, of, choices) : "null",
      )
      return `row(${attributes.join(", ")})::${type.sql}`
    }
    case "range": {
      if (draw(fc.integer, { min: 0, max: 9 }) === 0) return `'empty'::${type.sql}`
      const [low, high] = [valueOf(draw, type.subtype, choices), valueOf(draw, type.subtype, choices)]
      const bounds = text(draw(fc.constantFrom, "[)", "[]", "(]", "()"))
      const [from, to] = [
        draw(fc.boolean) ? `least(${low}, ${high})` : "null",
        draw(fc.boolean) ? `greatest(${low}, ${high})` : "null",
      ]
      return `${type.sql}(${from}, ${to}, ${bounds})`
    }
    case "multirange":
      return `${type.sql}(${valueOf(draw, type.range, choices)})`
    case "array": {
      if (draw(fc.integer, { min: 0, max: 5 }) === 0) return `'{}'::${type.sql}`
      const [rows, width] = [draw(fc.integer, { min: 1, max: 2 }), draw(fc.integer, { min: 1, max: 3 })]
      const mayBeNull = choices.elements !== "notNull" && !refusesNull(type.element)
      const item = (): string =>
        mayBeNull && draw(fc.integer, { min: 0, max: 4 }) === 0 ? "null" : valueOf(draw, type.element, choices)
      const list = (): string => `array[${Array.from({ length: width }, item).join(", ")}]::${flat(type)}`
      return type.dimensions === 1 ? list() : `array[${Array.from({ length: rows }, list).join(", ")}]::${type.sql}`
    }
  }
}

/** SQL calls arrays the same with one dimension and with two. */
function flat({ sql }: Extract<RandomType, { readonly kind: "array" }>): string {
  return sql.replace(/(\[\])+$/, "[]")
}

function refusesNull(type: RandomType): boolean {
  return type.kind === "domain" && (type.notNull || refusesNull(type.base))
}
