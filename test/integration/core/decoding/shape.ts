import type { TypeExpression } from "@kysely-resilient/core/schema"

/** Is the value exactly what the type says? A string is no "string or number", and an object has these fields and no others. */
export function fits(value: unknown, type: TypeExpression): boolean {
  switch (type.kind) {
    case "keyword":
      return type.name === "unknown" || (type.name === "null" ? value === null : typeof value === type.name)
    case "global":
      return type.name === "Date" ? value instanceof Date && !Number.isNaN(value.getTime()) : Buffer.isBuffer(value)
    case "library":
      return fitsLibrary(value, type)
    case "written":
      return true
    case "enum":
      return typeof value === "string" && type.labels.includes(value)
    case "object":
      return (
        isPlain(value) &&
        Object.keys(value).length === type.fields.length &&
        type.fields.every((field) => Object.hasOwn(value, field.name) && fits(value[field.name], field.type))
      )
    case "array":
      return Array.isArray(value) && value.every((item: unknown) => fits(item, type.of))
    case "union":
      return type.of.some((member) => fits(value, member))
  }
}

function fitsLibrary(value: unknown, type: Extract<TypeExpression, { readonly kind: "library" }>): boolean {
  if (!isPlain(value)) return false
  const numbers = (...keys: readonly string[]): boolean =>
    Object.keys(value).length === keys.length && keys.every((key) => typeof value[key] === "number")
  switch (type.name) {
    case "Point":
      return numbers("x", "y")
    case "Circle":
      return numbers("x", "y", "radius")
    case "IntervalParts":
      return numbers("years", "months", "days", "hours", "minutes", "seconds", "milliseconds")
    case "Range": {
      if (value["empty"] === true) return Object.keys(value).length === 1
      const bound = (key: string): boolean =>
        value[key] === null || (type.of !== undefined && fits(value[key], type.of))
      const flags = typeof value["lowerInclusive"] === "boolean" && typeof value["upperInclusive"] === "boolean"
      return value["empty"] === false && flags && bound("lower") && bound("upper") && Object.keys(value).length === 5
    }
    case "JsonInput":
      return false
  }
}

function isPlain(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && Object.getPrototypeOf(value) === Object.prototype
}
