import { createHash } from "node:crypto"
import { typeName, withoutDomains, type Column, type PgType, type Table } from "./tables.ts"

/**
 * A column, as far as generated types depend on it. Lengths and precisions are left out: widening a varchar makes no type wrong.
 *
 * It is what the generated file carries as data, so that a program can compare it with the database that it meets.
 */
export interface ColumnStructure {
  /** As PostgreSQL calls it inside: `int8`, `numeric[]`, `public.signal_kind`. */
  readonly type: string
  /** What the type is under its domains, if it has any. */
  readonly base?: string
  /** Of an enum, or of an array of enums, in the order in which it sorts. */
  readonly labels?: readonly string[]
  readonly nullable: boolean
  /** Who gives the value: "default": the database, if the caller does not. "always": the database alone. */
  readonly generated?: "default" | "always"
}

export interface TableStructure {
  readonly kind: "table" | "view"
  readonly columns: Readonly<Record<string, ColumnStructure>>
}

/** By table name; a table outside the first schema is named with its schema: `audit.log`. */
export type Structure = Readonly<Record<string, TableStructure>>

/** Names in code-unit order: the same database gives the same structure on every machine and in whatever order it was created. */
export function structureOf(tables: readonly Table[]): Structure {
  return sorted(
    tables.map((table) => [
      table.key,
      { kind: table.kind, columns: sorted(table.columns.map((column) => [column.name, columnStructure(column)])) },
    ]),
  )
}

function columnStructure({ type, nullable, generated }: Column): ColumnStructure {
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

/** The first 16 hexadecimal digits of the SHA-256 of the structure: two databases with the same hash need the same types. */
export function structureHash(structure: Structure): string {
  return createHash("sha256").update(JSON.stringify(structure)).digest("hex").slice(0, 16)
}
