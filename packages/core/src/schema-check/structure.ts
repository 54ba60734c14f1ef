import { createHash } from "node:crypto"
import type { ColumnDefinition, SchemaDefinition, SchemaSource } from "../schema/define-schema.ts"
import type { TypeDefinition } from "../schema/type-definition.ts"
import type { Catalog } from "./catalog.ts"
import { dimensionedName, domainsOf, typeName, withoutDomains, type PgType } from "./pg-type.ts"
import { typeDefinitions } from "./type-definitions.ts"
import { sorted } from "./sorted.ts"
import { constraintsOf, type Constraints } from "./table-constraints.ts"
import { tablesOf, type Column, type Table } from "./tables.ts"

/**
 * Everything that generated types depend on, as the data that a schema carries. Lengths and precisions are left out:
 * widening a varchar makes no type wrong.
 */
export interface Structure {
  readonly tables: SchemaDefinition["tables"]
  readonly types: Readonly<Record<string, TypeDefinition>>
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
    types: typeDefinitions(tables),
    constraints: constraintsOf(tables, constraints, source),
  }
}

/** The name of its type, with `[]` for each dimension. */
export function columnTypeName({ type, dimensions }: Pick<Column, "type" | "dimensions">): string {
  return dimensionedName(type, dimensions)
}

function columnStructure(column: Column): ColumnDefinition {
  const { type, dimensions, nullable, generated } = column
  const name = columnTypeName(column)
  const { base: plain, labels } = underDomains(type)
  const base = plain + "[]".repeat(Math.max(dimensions - 1, 0))
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
  const dimensions = domainsOf(type).at(-1)?.dimensions ?? 1
  return { ...element, base: element.base + "[]".repeat(Math.max(dimensions, 1)) }
}

/**
 * The first 16 hexadecimal digits of the SHA-256 of the structure: two databases with the same hash need the same
 * types. The names of partitions' constraints are left out: partitions come and go while an application runs.
 */
export function structureHash({ tables, types, constraints }: Partial<Structure>): string {
  const lasting =
    constraints &&
    Object.entries(constraints).map(([table, { own, inbound, notNull }]) => {
      return [table, own, inbound, notNull]
    })
  return createHash("sha256")
    .update(JSON.stringify([tables, types, lasting]))
    .digest("hex")
    .slice(0, 16)
}
