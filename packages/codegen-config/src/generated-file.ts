import { serializeFromMetadata } from "kysely-codegen"
import { DocumentingSerializer, docsFor } from "./documentation.ts"
import { dialectFor } from "./dialect.ts"
import { namesFor, type Naming } from "./names.ts"
import { structureHash, structureOf, type Structure } from "./structure.ts"
import type { Table } from "./tables.ts"

/** What a generated file says of itself to programs. */
export interface SchemaData {
  readonly hash: string
  readonly tables: Structure
}

/** Where generated files find `defineSchema`. */
const schemaModule = "@kysely-resilient/core/schema"

const opening = /^export const schema: \w+<DB> = defineSchema<DB>\(/m
const closing = ");\n"

const header = `/**
 * Written by kysely-resilient-codegen from the database itself. Do not edit: change the database, then generate again.
 */
`

/** The whole text of the generated file. The same tables give the same text. */
export function fileText(tables: readonly Table[], naming: Naming): string {
  const names = namesFor(tables, naming)
  const { dialect, metadata, overrides } = dialectFor(tables, names, naming.unqualifiedSchema)
  const types = serializeFromMetadata({
    metadata,
    dialect,
    overrides,
    camelCase: naming.camelCase,
    defaultSchemas: [naming.unqualifiedSchema],
    serializer: new DocumentingSerializer(docsFor(tables, names)),
  })
  const structure = structureOf(tables)
  const data = dataText({ hash: structureHash(structure), tables: structure })
  const { schemaType } = names
  const imported = schemaType === "Schema" ? "type Schema" : `type Schema as ${schemaType}`
  return `${header}import { defineSchema, ${imported} } from "${schemaModule}";
${types}
export const schema: ${schemaType}<DB> = defineSchema<DB>(${data}${closing}`
}

/**
 * What the file says of itself, or undefined if it is not one of ours any more. It is read and not run, so it needs
 * nothing installed.
 */
export function dataIn(text: string): SchemaData | undefined {
  const found = opening.exec(text)
  if (!found) return undefined
  try {
    const data: unknown = JSON.parse(text.slice(found.index + found[0].length, -closing.length))
    return isSchemaData(data) ? data : undefined
  } catch {
    return undefined
  }
}

function isSchemaData(data: unknown): data is SchemaData {
  if (!isObject(data) || typeof data["hash"] !== "string" || !isObject(data["tables"])) return false
  return Object.values(data["tables"]).every(
    (table) => isObject(table) && isObject(table["columns"]) && Object.values(table["columns"]).every(isObject),
  )
}

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null
}

/** JSON, with one column to a line: what changed shows in a diff. */
function dataText({ hash, tables }: SchemaData): string {
  const lines = Object.entries(tables).map(([key, { kind, columns }]) => {
    const ofColumns = Object.entries(columns).map(
      ([name, column]) => `        ${JSON.stringify(name)}: ${JSON.stringify(column)}`,
    )
    const body = `      "kind": ${JSON.stringify(kind)},\n      "columns": {\n${ofColumns.join(",\n")}\n      }`
    return `    ${JSON.stringify(key)}: {\n${body}\n    }`
  })
  return `{\n  "hash": ${JSON.stringify(hash)},\n  "tables": {\n${lines.join(",\n")}\n  }\n}`
}
