import type { TypeExpression } from "../schema/type-expression.ts"

/**
 * Is the value exactly what the type says? A string is no "string or number", and an object has these fields and no others.
 *
 * @param renamed fields have other names by now (CamelCasePlugin): then only their order counts
 */
export function fits(value: unknown, type: TypeExpression, renamed = false): boolean {
  switch (type.kind) {
    case "keyword":
      return type.name === "unknown" || (type.name === "null" ? value === null : typeof value === type.name)
    case "global":
      return type.name === "Date" ? value instanceof Date && !Number.isNaN(value.getTime()) : Buffer.isBuffer(value)
    case "library":
      return isPlain(value) && fitsLibrary(value, type)
    case "written":
      // What the policy's own function gives is what it says; nobody else can tell.
      return true
    case "enum":
      return typeof value === "string" && type.labels.includes(value)
    case "object": {
      if (!isPlain(value) || Object.keys(value).length !== type.fields.length) return false
      const values = Object.values(value)
      return type.fields.every((field, index) => {
        const found = renamed ? values[index] : Object.hasOwn(value, field.name) ? value[field.name] : undefined
        return fits(found, field.type, renamed)
      })
    }
    case "array":
      return Array.isArray(value) && value.every((item: unknown) => fits(item, type.of, renamed))
    case "union":
      return type.of.some((member) => fits(value, member, renamed))
  }
}

const NUMBERS = {
  Circle: ["x", "y", "radius"],
  IntervalParts: ["years", "months", "days", "hours", "minutes", "seconds", "milliseconds"],
  Point: ["x", "y"],
} as const

function fitsLibrary(value: Plain, type: Extract<TypeExpression, { readonly kind: "library" }>): boolean {
  const { name } = type
  const keys = Object.keys(value).length
  if (name === "JsonInput") return false
  if (name !== "Range") {
    return keys === NUMBERS[name].length && NUMBERS[name].every((key) => typeof value[key] === "number")
  }
  if (value["empty"] === true) return keys === 1
  const bound = (key: "lower" | "upper"): boolean =>
    value[key] === null || (type.of !== undefined && fits(value[key], type.of))
  const inclusive = (key: string): boolean => typeof value[key] === "boolean"
  return (
    keys === 5 &&
    value["empty"] === false &&
    bound("lower") &&
    bound("upper") &&
    inclusive("lowerInclusive") &&
    inclusive("upperInclusive")
  )
}

type Plain = Readonly<Record<string, unknown>>

function isPlain(value: unknown): value is Plain {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}

/** What a value is, without saying what is in it: `number[][]`, `{ a: number, b: null }`. */
export function shapeOf(value: unknown): string {
  if (value === null) return "null"
  if (value instanceof Date) return "Date"
  if (Buffer.isBuffer(value)) return "Buffer"
  if (Array.isArray(value)) {
    const shapes = [...new Set(value.map(shapeOf))]
    return shapes.length === 1 ? `${shapes[0]}[]` : `(${shapes.join(" | ")})[]`
  }
  if (!isPlain(value)) return typeof value
  return `{ ${Object.entries(value)
    .map(([name, part]) => `${name}: ${shapeOf(part)}`)
    .join(", ")} }`
}
