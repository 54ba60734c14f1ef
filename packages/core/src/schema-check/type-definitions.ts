import type { TypeDefinition } from "../schema/type-definition.ts"
import { partsOf, typeName, type PgType } from "./pg-type.ts"
import { sorted } from "./sorted.ts"
import type { Table } from "./tables.ts"

/** Every type of the tables' columns that is not built in, and the types that those are made of. */
export function typeDefinitions(tables: readonly Table[]): Readonly<Record<string, TypeDefinition>> {
  const parts = tables.flatMap((table) => table.columns.flatMap(({ type }) => partsOf(type)))
  const own = parts.filter((type) => type.schema !== "pg_catalog" && !type.element)
  return sorted(new Map(own.map((type) => [typeName(type), definitionOf(type)])))
}

function definitionOf({ attributes, bound, delimiter, forbidsNull, labels, range, restricts }: PgType): TypeDefinition {
  if (labels) return { kind: "enum", labels }
  if (restricts) return { kind: "domain", base: typeName(restricts), ...(forbidsNull && { notNull: true }) }
  if (attributes) {
    return { kind: "composite", attributes: attributes.map(({ name, type }) => ({ name, type: typeName(type) })) }
  }
  if (bound) return { kind: "range", subtype: typeName(bound) }
  if (range) return { kind: "multirange", range: typeName(range) }
  return { kind: "base", ...(delimiter !== "," && { delimiter }) }
}
