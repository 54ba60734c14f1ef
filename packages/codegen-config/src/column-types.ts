import { typeScriptOf, type Policy, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { columnTypeName, withoutDomains, type Column, type Table } from "@kysely-resilient/core/schema-check"
import type { Brands } from "./brands.ts"
import type { CheckedConfig, JsonReference, WrittenType } from "./check-config.ts"
import type { ColumnExpression } from "./expressions.ts"

/** What a column gives when it is read, and what it takes when it is written; null apart. */
export interface ColumnTypes {
  readonly select: ColumnExpression
  readonly insert: ColumnExpression
  /** The built-in type under its domains, if the two are declared once for all its columns: `int8`. */
  readonly alias?: string
}

/** Everything that decides what a column is. */
export interface Decisions {
  readonly policy: Policy
  readonly types: NonNullable<SchemaDefinition["types"]>
  readonly brands: Brands
  readonly config: Pick<CheckedConfig, "json" | "overrides" | "views">
}

export function columnTypes(table: Table, column: Column, decisions: Decisions): ColumnTypes {
  const { policy, types, brands, config } = decisions
  const written = settingOf(config.overrides, table, column)
  if (written) return { select: expressionOf(written.select), insert: expressionOf(written.insert) }
  const json = settingOf(config.json, table, column)
  if (json) return jsonTypes(json)
  const { select, insert } = typeScriptOf(columnTypeName(column), types, policy)
  const name = `${table.key}.${column.name}`
  const brand = brands.get(name)
  if (brand) {
    const id: ColumnExpression = { kind: "brand", of: brand.of }
    // Where ids come from, they come as what they are outside.
    return { select: id, insert: brand.of === name ? { kind: "either", of: [id, insert] } : id }
  }
  const plain = withoutDomains(column.type)
  const aliased = plain.schema === "pg_catalog" && !plain.element && JSON.stringify(select) !== JSON.stringify(insert)
  return { select, insert, ...(aliased && { alias: plain.name }) }
}

function jsonTypes(reference: JsonReference): ColumnTypes {
  if (reference.of === "decoder") {
    return { select: { kind: "decoded", reference }, insert: { kind: "json", of: { kind: "encoded", reference } } }
  }
  const type: ColumnExpression = { kind: "reference", reference }
  return { select: type, insert: { kind: "json", of: type } }
}

function expressionOf(written: WrittenType): ColumnExpression {
  return typeof written === "string" ? { kind: "written", text: written } : { kind: "reference", reference: written }
}

/** What was said of a column, or of the table's column that a view's column passes on. */
export function settingOf<T>(
  settings: Readonly<Record<string, T>>,
  table: Pick<Table, "key">,
  column: Pick<Column, "name" | "origin">,
): T | undefined {
  const names = [
    `${table.key}.${column.name}`,
    ...(column.origin ? [`${column.origin.table}.${column.origin.column}`] : []),
  ]
  const found = names.find((name) => Object.hasOwn(settings, name))
  return found === undefined ? undefined : settings[found]
}

/** Whether reading it may give null: as the catalogue says, unless the configuration knows better of a view. */
export function mayBeNull(table: Table, column: Column, { config }: Pick<Decisions, "config">): boolean {
  const known = Object.hasOwn(config.views, table.key) ? (config.views[table.key] ?? []) : []
  return column.nullable && !(table.kind === "view" && known.includes(column.name))
}
