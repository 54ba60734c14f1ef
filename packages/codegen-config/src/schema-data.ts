import type { SchemaDefinition } from "@kysely-resilient/core/schema"

/** What a generated file says of itself to programs: a schema without what only a program can hold. */
export type SchemaData = Omit<SchemaDefinition, "policy" | "decoders"> & { readonly hash: string }

/**
 * JSON, so that it can be read without running the file, and with one column or constraint to a line, so that a diff shows
 * what changed. In a program `__proto__` stands for something else than a property, unless it is in brackets.
 */
export function dataText(data: SchemaData): string {
  const { hash, source, tables, types, constraints, relations } = data
  const sections = [
    `  "hash": ${JSON.stringify(hash)}`,
    ...(source ? [`  "source": ${inline(source)}`] : []),
    `  "tables": ${nested(tables, "  ", ({ kind, columns }, indent) => {
      return `{\n${indent}  "kind": ${JSON.stringify(kind)},\n${indent}  "columns": ${lines(columns, `${indent}  `)}\n${indent}}`
    })}`,
    ...(types ? [`  "types": ${lines(types, "  ")}`] : []),
    ...(constraints
      ? [
          `  "constraints": ${nested(constraints, "  ", ({ own, inbound, notNull, aliases }, indent) => {
            const parts = [
              `${indent}  "own": ${lines(own, `${indent}  `)}`,
              `${indent}  "inbound": ${lines(inbound, `${indent}  `)}`,
              ...(aliases ? [`${indent}  "aliases": ${inline(aliases)}`] : []),
              `${indent}  "notNull": ${inline(notNull)}`,
            ]
            return `{\n${parts.join(",\n")}\n${indent}}`
          })}`,
        ]
      : []),
    ...(relations ? [`  "relations": ${nested(relations, "  ", (ofTable, indent) => lines(ofTable, indent))}`] : []),
  ]
  return `{\n${sections.join(",\n")}\n}`
}

/** Without what may differ between two databases that need the same types: partitions come and go. */
export function withoutAliases(text: string): string {
  return text.replaceAll(/^ +"aliases": \{.*\},\n/gm, "")
}

/** Undefined for what is not ours any more. */
export function parseData(text: string): SchemaData | undefined {
  try {
    const data: unknown = JSON.parse(text.replaceAll(/\["(\w+)" as string\]:/g, '"$1":'))
    return isSchemaData(data) ? data : undefined
  } catch {
    return undefined
  }
}

function isSchemaData(data: unknown): data is SchemaData {
  if (!isObject(data) || typeof data["hash"] !== "string") return false
  const { tables, constraints = {} } = data
  return (
    isObject(tables) &&
    Object.values(tables).every(
      (table) => isObject(table) && isObject(table["columns"]) && Object.values(table["columns"]).every(isObject),
    ) &&
    isObject(constraints) &&
    Object.values(constraints).every(
      (of) => isObject(of) && isObject(of["own"]) && isObject(of["inbound"]) && Array.isArray(of["notNull"]),
    )
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
}

function nested<T>(
  entries: Readonly<Record<string, T>>,
  indent: string,
  text: (value: T, indent: string) => string,
): string {
  const inner = `${indent}  `
  const parts = Object.entries(entries).map(([name, value]) => `${inner}${key(name)}: ${text(value, inner)}`)
  return parts.length === 0 ? "{}" : `{\n${parts.join(",\n")}\n${indent}}`
}

function lines(entries: Readonly<Record<string, unknown>>, indent: string): string {
  return nested(entries, indent, inline)
}

function inline(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(inline).join(", ")}]`
  if (!isObject(value)) return JSON.stringify(value)
  const fields = Object.entries(value).map(([name, part]) => `${key(name)}: ${inline(part)}`)
  return fields.length === 0 ? "{}" : `{ ${fields.join(", ")} }`
}

/** For TypeScript each of these has a type already, and `__proto__` is no property at all, unless the name is computed. */
const inEveryObject = new Set(
  "__proto__ constructor hasOwnProperty isPrototypeOf propertyIsEnumerable toLocaleString toString valueOf".split(" "),
)

/** A name of the database's as the name of a property. */
export function key(name: string): string {
  return inEveryObject.has(name) ? `["${name}" as string]` : JSON.stringify(name)
}
