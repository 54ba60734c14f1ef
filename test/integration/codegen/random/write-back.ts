import { json, type TypeExpression } from "@kysely-resilient/core/schema"
import { fits } from "@kysely-resilient/core/src/policy-check/fits.ts"

import { literal } from "../decoded.ts"

/** A value that an insert takes, and how a program writes it. */
export interface Writable {
  readonly value: unknown
  readonly code: string
}

/**
 * What was read, as the type of inserts takes it; undefined if it takes something else, such as text.
 *
 * @param jsonText JSON was read as its text
 */
export function writable(value: unknown, insert: TypeExpression, jsonText: boolean): Writable | undefined {
  if (value === null) return { value, code: "null" }
  switch (insert.kind) {
    case "union":
      return insert.of.map((member) => writable(value, member, jsonText)).find((found) => found !== undefined)
    case "array": {
      if (!Array.isArray(value)) return undefined
      const items = value.map((item: unknown) => writable(item, insert.of, jsonText))
      return items.every((item) => item !== undefined)
        ? { value: items.map((item) => item.value), code: `[${items.map(({ code }) => code).join(", ")}]` }
        : undefined
    }
    case "library":
      if (insert.name !== "JsonInput") return undefined
      return jsonText ? { value, code: literal(value) } : { value: json(value), code: `json(${literal(value)})` }
    case "global":
      return insert.name === "Uint8Array" && Buffer.isBuffer(value)
        ? { value, code: literal(value) }
        : fitting(value, insert)
    default:
      return fitting(value, insert)
  }
}

function fitting(value: unknown, insert: TypeExpression): Writable | undefined {
  return fits(value, insert) ? { value, code: literal(value) } : undefined
}
