import { isDeepStrictEqual } from "node:util"
import type { Policy } from "@kysely-resilient/core/schema"

import type { RandomType } from "./model.ts"

/** A number as the server wrote it: JSON.parse would round it. */
class Digits {
  readonly digits: string

  constructor(digits: string) {
    this.digits = digits
  }
}

/** The server's own `to_jsonb` of a row, with every digit. */
export function exactJson(text: string): unknown {
  return JSON.parse(text, (_, value: unknown, { source }: { source?: string } = {}) =>
    typeof value === "number" ? new Digits(source ?? "") : value,
  )
}

/** Is what was read the value that the server calls `json`? Undefined if so, else what was expected. */
export function disagreement(value: unknown, json: unknown, type: RandomType, choices: Policy["choices"]): unknown {
  return agrees(value, json, type, choices) ? undefined : { read: value, server: json, type: type.sql }
}

function agrees(value: unknown, json: unknown, type: RandomType, choices: Policy["choices"]): boolean {
  if (value === null || json === null) return value === json
  switch (type.kind) {
    case "domain":
      return agrees(value, json, type.base, choices)
    case "enum":
      return value === json
    case "array":
      return agreesInArray(value, json, type, type.dimensions, choices)
    case "composite": {
      // The text of a record is PostgreSQL's; that it is all there is proved where its parts are read.
      if (choices.composite === "string") return typeof value === "string" && value.startsWith("(")
      const [read, sent] = [entries(value), entries(json)]
      const byName = new Map(sent)
      return (
        read.length === type.attributes.length &&
        type.attributes.every((attribute, index) =>
          agrees(read[index]?.[1], byName.get(attribute.name), attribute.type, choices),
        )
      )
    }
    case "range":
      return choices.range === "string" ? value === json : agreesWithRange(value, json)
    case "multirange":
      return choices.range === "string" ? value === json : Array.isArray(value)
    case "base":
      return agreesWithBase(value, json, type.name, choices)
  }
}

function agreesInArray(
  value: unknown,
  json: unknown,
  type: Extract<RandomType, { readonly kind: "array" }>,
  dimensions: number,
  choices: Policy["choices"],
): boolean {
  if (!Array.isArray(value) || !Array.isArray(json) || value.length !== json.length) return false
  return value.every((item: unknown, index) =>
    dimensions > 1
      ? agreesInArray(item, json[index], type, dimensions - 1, choices)
      : agrees(item, json[index], type.element, choices),
  )
}

function agreesWithRange(value: unknown, sent: unknown): boolean {
  if (typeof sent !== "string" || typeof value !== "object" || value === null) return false
  const range = new Map(Object.entries(value))
  if (sent === "empty") return range.get("empty") === true
  return (
    range.get("empty") === false &&
    range.get("lowerInclusive") === sent.startsWith("[") &&
    range.get("upperInclusive") === sent.endsWith("]") &&
    (range.get("lower") === null) === sent.startsWith("(,") &&
    (range.get("upper") === null) === sent.endsWith(",)")
  )
}

function agreesWithBase(value: unknown, json: unknown, name: string, choices: Policy["choices"]): boolean {
  const sent = json instanceof Digits ? json.digits : json
  switch (name) {
    case "bool":
      return value === json
    case "json":
    case "jsonb": {
      const read: unknown = choices.json === "string" && typeof value === "string" ? JSON.parse(value) : value
      return isDeepStrictEqual(read, plain(json))
    }
    case "int2":
    case "int4":
    case "oid":
      return value === Number(sent)
    case "float4":
    case "float8":
      return Object.is(value, Number(sent))
    case "int8":
      return value === { bigint: BigInt(String(sent)), number: Number(sent), string: sent }[choices.int8]
    case "numeric":
      return choices.numeric === "number" ? Object.is(value, Number(sent)) : value === sent
    case "bytea":
      return Buffer.isBuffer(value) && `\\x${value.toString("hex")}` === sent
    case "timestamptz":
      return value instanceof Date
        ? value.getTime() === Date.parse(String(sent))
        : typeof value === "string" &&
            value ===
              String(sent)
                .replace("T", " ")
                .replace(/(?<=[+-]\d\d):00$/, "")
    case "timestamp":
      return value instanceof Date
        ? value.getTime() === localTime(String(sent))
        : value === String(sent).replace("T", " ")
    case "date":
      return value instanceof Date ? value.getTime() === localTime(`${String(sent)}T00:00:00`) : value === sent
    case "interval":
      return choices.interval === "parts" ? typeof value === "object" : value === sent
    case "point":
    case "circle": {
      const numbers = String(sent)
        .match(/[^<>(),]+/g)
        ?.map(Number)
      return typeof value === "object" && value !== null && isDeepStrictEqual(Object.values(value), numbers)
    }
    case "int2vector":
    case "oidvector":
      return (
        value ===
        (Array.isArray(json) ? json.map((item) => (item instanceof Digits ? item.digits : item)).join(" ") : sent)
      )
    default:
      return value === sent
  }
}

/** In the time zone of the process. */
function localTime(iso: string): number {
  return new Date(iso).getTime()
}

function plain(json: unknown): unknown {
  if (json instanceof Digits) return Number(json.digits)
  if (Array.isArray(json)) return json.map(plain)
  if (typeof json !== "object" || json === null) return json
  return Object.fromEntries(entries(json).map(([name, value]) => [name, plain(value)]))
}

function entries(value: unknown): readonly (readonly [string, unknown])[] {
  return typeof value === "object" && value !== null ? Object.entries(value) : []
}
