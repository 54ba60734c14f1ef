import { createHash } from "node:crypto"
import type { ColumnDefinition, SchemaDefinition } from "@kysely-resilient/core/schema"
import { typeName, withoutDomains, type Column, type PgType, type Table } from "./tables.ts"

/**
 * Everything that generated types depend on, as the data that the generated file carries. Lengths and precisions are
 * left out: widening a varchar makes no type wrong.
 */
export type Structure = SchemaDefinition["tables"]

/**
 * Names in code-unit order: the same database gives the same structure on every machine and in whatever order it was
 * created.
 */
export function structureOf(tables: readonly Table[]): Structure {
  return sorted(
    tables.map((table) => [
      table.key,
      { kind: table.kind, columns: sorted(table.columns.map((column) => [column.name, columnStructure(column)])) },
    ]),
  )
}

function columnStructure({ type, nullable, generated }: Column): ColumnDefinition {
  const name = typeName(type)
  const { base, labels } = underDomains(type)
  return {
    type: name,
    ...(base !== name && { base }),
    ...(labels && { labels }),
    nullable,
    ...(generated !== "never" && { generated }),
  }
}

function underDomains(type: PgType): { readonly base: string; readonly labels?: readonly string[] } {
  const plain = withoutDomains(type)
  if (!plain.element) return { base: typeName(plain), ...(plain.labels && { labels: plain.labels }) }
  const element = underDomains(plain.element)
  return { ...element, base: `${element.base}[]` }
}

function sorted<T>(entries: readonly (readonly [string, T])[]): Readonly<Record<string, T>> {
  return Object.fromEntries(entries.toSorted(([a], [b]) => (a < b ? -1 : 1)))
}

/**
 * The first 16 hexadecimal digits of the SHA-256 of the structure: two databases with the same hash need the same
 * types.
 */
export function structureHash(structure: Structure): string {
  return createHash("sha256").update(JSON.stringify(structure)).digest("hex").slice(0, 16)
}
