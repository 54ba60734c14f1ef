import type { Codec } from "./codec.ts"
import type { Policy } from "./policy.ts"
import { parseBytes } from "./text/bytes.ts"
import { parseInterval } from "./text/interval.ts"
import { parseDate, parseTimestamp, parseTimestamptz } from "./text/moment.ts"
import { Undecodable } from "./text/undecodable.ts"
import { BIGINT, BOOLEAN, NUMBER, STRING, union, UNKNOWN, type TypeExpression } from "./type-expression.ts"
import type { Circle, Point } from "./values.ts"

const DATE: TypeExpression = { kind: "global", name: "Date" }
const JSON_INPUT: TypeExpression = { kind: "library", name: "JsonInput" }

const asIs = (text: string): string => text

/** What PostgreSQL's text of a value is taken as it is. */
export const TEXT: Codec = { select: STRING, insert: STRING, parse: asIs }

const NUMERICAL: Codec = { select: NUMBER, insert: NUMBER, parse: Number }
const BOOL: Codec = { select: BOOLEAN, insert: BOOLEAN, parse: (text) => text === "t" }
const BYTEA: Codec = {
  select: { kind: "global", name: "Buffer" },
  insert: { kind: "global", name: "Uint8Array" },
  parse: parseBytes,
}
const POINT: Codec = { select: { kind: "library", name: "Point" }, insert: STRING, parse: parsePoint }
const CIRCLE: Codec = { select: { kind: "library", name: "Circle" }, insert: STRING, parse: parseCircle }

const INT8_INPUT = union(BIGINT, NUMBER, STRING)
const INT8 = {
  bigint: { select: BIGINT, insert: INT8_INPUT, parse: BigInt },
  number: { select: NUMBER, insert: INT8_INPUT, parse: safeInteger },
  string: { select: STRING, insert: INT8_INPUT, parse: asIs },
} satisfies Record<string, Codec>

const NUMERIC = {
  string: { select: STRING, insert: INT8_INPUT, parse: asIs },
  number: { select: NUMBER, insert: INT8_INPUT, parse: Number },
} satisfies Record<string, Codec>

const JSON_TEXT = {
  unknown: { select: UNKNOWN, insert: JSON_INPUT, parse: JSON.parse },
  string: { select: STRING, insert: JSON_INPUT, parse: asIs },
} satisfies Record<string, Codec>

const INTERVAL = {
  string: TEXT,
  parts: { select: { kind: "library", name: "IntervalParts" }, insert: STRING, parse: parseInterval },
} satisfies Record<string, Codec>

const TIME_INPUT = union(DATE, STRING)

function moment(choice: "Date" | "string", parse: (text: string) => Date): Codec {
  return choice === "Date"
    ? { select: DATE, insert: TIME_INPUT, parse }
    : { select: STRING, insert: TIME_INPUT, parse: asIs }
}

/**
 * THE table: what a built-in base type is in TypeScript, and how it is read. What is not in it is text, as in `tsvector`, `inet`,
 * `money` or `xid8`, whatever version of PostgreSQL brings it.
 */
export function builtIn(name: string, { choices }: Policy): Codec {
  switch (name) {
    case "bool":
      return BOOL
    case "int2":
    case "int4":
    case "oid":
    case "float4":
    case "float8":
      return NUMERICAL
    case "int8":
      return INT8[choices.int8]
    case "numeric":
      return NUMERIC[choices.numeric]
    case "timestamptz":
      return moment(choices.timestamptz, parseTimestamptz)
    case "timestamp":
      return moment(choices.timestamp, parseTimestamp)
    case "date":
      return moment(choices.date, parseDate)
    case "interval":
      return INTERVAL[choices.interval]
    case "json":
    case "jsonb":
      return JSON_TEXT[choices.json]
    case "bytea":
      return BYTEA
    case "point":
      return POINT
    case "circle":
      return CIRCLE
    default:
      return TEXT
  }
}

function safeInteger(text: string): number {
  const number = Number(text)
  if (Number.isSafeInteger(number)) return number
  throw new Undecodable('It is beyond ±2^53, where numbers are not exact. Let the policy choose int8: "bigint"')
}

function parsePoint(text: string): Point {
  const [x = Number.NaN, y = Number.NaN] = text.slice(1, -1).split(",").map(Number)
  return { x, y }
}

function parseCircle(text: string): Circle {
  const [x = Number.NaN, y = Number.NaN, radius = Number.NaN] = text
    .replaceAll(/[<>()]/g, "")
    .split(",")
    .map(Number)
  return { x, y, radius }
}
