import type { TypeDefinition } from "../schema/type-definition.ts"
import { dimensionedName, partsOf, typeName, type PgType } from "./pg-type.ts"
import { sorted } from "./sorted.ts"
import type { Table } from "./tables.ts"

/** Every type of the tables' columns that is not built in, and the types that those are made of. */
export function typeDefinitions(tables: readonly Table[]): Readonly<Record<string, TypeDefinition>> {
  const parts = tables.flatMap((table) => table.columns.flatMap(({ type }) => partsOf(type)))
  const own = parts.filter((type) => type.schema !== "pg_catalog" && !type.element)
  return sorted(new Map(own.map((type) => [typeName(type), definitionOf(type)])))
}

function definitionOf(type: PgType): TypeDefinition {
  const { attributes, bound, delimiter, dimensions = 0, forbidsNull, labels, range, restricts } = type
  if (labels) return { kind: "enum", labels }
  if (restricts)
    return { kind: "domain", base: dimensionedName(restricts, dimensions), ...(forbidsNull && { notNull: true }) }
  if (attributes) {
    const named = attributes.map((part) => ({ name: part.name, type: dimensionedName(part.type, part.dimensions) }))
    return { kind: "composite", attributes: named }
  }
  if (bound) return { kind: "range", subtype: typeName(bound) }
  if (range) return { kind: "multirange", range: typeName(range) }
  return { kind: "base", ...(delimiter !== "," && { delimiter }) }
}
