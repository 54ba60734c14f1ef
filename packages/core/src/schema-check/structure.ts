import { createHash } from "node:crypto"
import type { ColumnDefinition, SchemaDefinition, SchemaSource } from "../schema/define-schema.ts"
import type { Catalog } from "./catalog.ts"
import { typeName, withoutDomains, type PgType } from "./pg-type.ts"
import { sorted } from "./sorted.ts"
import { constraintsOf, type Constraints } from "./table-constraints.ts"
import { tablesOf, type Column, type Table } from "./tables.ts"

/**
 * Everything that generated types depend on, as the data that a schema carries. Lengths and precisions are left out:
 * widening a varchar makes no type wrong.
 */
export interface Structure {
  readonly tables: SchemaDefinition["tables"]
  readonly constraints: Constraints
}

/** What the catalogue of a database comes to, for whoever wants a part of it. */
export function structureIn(catalog: Catalog, source: SchemaSource): Structure {
  return structureOf(tablesOf(catalog, source), catalog, source)
}

/**
 * Names in code-unit order: the same database gives the same structure on every machine and in whatever order it was
 * created.
 */
export function structureOf(
  tables: readonly Table[],
  { constraints }: Pick<Catalog, "constraints">,
  source: SchemaSource,
): Structure {
  return {
    tables: sorted(
      tables.map((table) => [
        table.key,
        { kind: table.kind, columns: sorted(table.columns.map((column) => [column.name, columnStructure(column)])) },
      ]),
    ),
    constraints: constraintsOf(tables, constraints, source),
  }
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

/**
 * The first 16 hexadecimal digits of the SHA-256 of the structure: two databases with the same hash need the same
 * types.
 */
export function structureHash({ tables, constraints }: Structure): string {
  return createHash("sha256").update(JSON.stringify({ tables, constraints })).digest("hex").slice(0, 16)
}
