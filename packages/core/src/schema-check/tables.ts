import type { SchemaSource } from "../schema/define-schema.ts"
import type { Catalog, ColumnRow, RelationRow } from "./catalog.ts"
import { queryName } from "./naming.ts"
import { domainsOf, pgTypes, type PgType } from "./pg-type.ts"
import { viewColumns, type ViewColumn } from "./view-columns.ts"

export interface Column {
  readonly name: string
  readonly type: PgType
  /** Of an array: as many as it was declared with, at least one; 0 for everything else. */
  readonly dimensions: number
  /** Reading it may give null. */
  readonly nullable: boolean
  /** Writing null to it fails. */
  readonly refusesNull: boolean
  /**
   * Who gives the value: "never": the caller. "default": the database, if the caller does not. "always": the database
   * alone.
   */
  readonly generated: "never" | "default" | "always"
  readonly comment: string | null
  /** Of a view: the table's column that it passes on. */
  readonly origin?: { readonly table: string; readonly column: string }
}

export interface Table {
  readonly schema: string
  readonly name: string
  /** The database's name for it: without its schema, if that is the first of the wanted ones. */
  readonly key: string
  readonly kind: "table" | "view"
  /** Its rows are another server's, and so is what they must fulfil. */
  readonly foreign: boolean
  readonly comment: string | null
  readonly columns: readonly Column[]
}

/** The catalogue's rows put together: types with their parts, columns with what domains and views say of them. */
export function tablesOf(catalog: Catalog, source: SchemaSource): readonly Table[] {
  const typeOf = pgTypes(catalog.types)
  const passed = viewColumns(catalog.relations)
  return catalog.relations.flatMap((relation) => {
    const { schema, name, kind, comment, columns } = relation
    const key = keyOf(relation, source)
    if (!isWanted(relation, source)) return []
    const view = isView(relation)
    return {
      schema,
      name,
      key,
      kind: view ? "view" : "table",
      foreign: kind === "f",
      comment,
      columns: columns.map((column) => {
        const type = typeOf(column.typeOid)
        return view ? viewColumn(column, type, passed(relation, column), source) : tableColumn(column, type)
      }),
    }
  })
}

/** How the database's names are written here: those of the first schema alone, all others with their schema. */
export function keyOf(
  { schema, name }: { readonly schema: string; readonly name: string },
  source: SchemaSource,
): string {
  return schema === source.schemas[0] ? name : `${schema}.${name}`
}

/** By its key or by its full name, both as the database names it. */
function isWanted(relation: RelationRow, source: SchemaSource): boolean {
  const names = [keyOf(relation, source), `${relation.schema}.${relation.name}`]
  const some = (patterns: readonly string[]): boolean =>
    patterns.some((pattern) => names.some((name) => matches(name, pattern)))
  return (source.include === undefined || some(source.include)) && !some(source.exclude ?? [])
}

/** `*` stands for any text; everything else for itself. */
function matches(name: string, pattern: string): boolean {
  const [first = "", ...others] = pattern.split("*")
  if (others.length === 0) return name === pattern
  if (!name.startsWith(first)) return false
  let from = first.length
  for (const [index, part] of others.entries()) {
    if (index === others.length - 1) return name.length - part.length >= from && name.endsWith(part)
    const at = name.indexOf(part, from)
    if (at === -1) return false
    from = at + part.length
  }
  return true
}

export function isView({ kind }: RelationRow): boolean {
  return kind === "v" || kind === "m"
}

function tableColumn(row: ColumnRow, type: PgType): Column {
  const domains = domainsOf(type)
  const domainForbidsNull = domains.some((domain) => domain.forbidsNull)
  return {
    name: row.name,
    type,
    dimensions: dimensionsOf(row, type),
    nullable: !row.notNull && !domainForbidsNull,
    refusesNull: row.refusesNull || domainForbidsNull,
    generated: generatedBy(row, domains),
    comment: row.comment,
  }
}

function dimensionsOf(row: ColumnRow, type: PgType): number {
  return type.element ? Math.max(row.dimensions, 1) : 0
}

function generatedBy(row: ColumnRow, [outermost]: readonly PgType[]): Column["generated"] {
  if (row.identity === "a" || row.computed || !row.writable) return "always"
  if (row.identity === "d" || row.hasDefault) return "default"
  return outermost?.hasDefault ? "default" : "never"
}

/** A view's column may be null although its domain forbids it: an outer join asks no domain. */
function viewColumn(row: ColumnRow, type: PgType, passed: ViewColumn | undefined, source: SchemaSource): Column {
  const origin = passed && tableColumn(passed.column, type)
  const always = !row.writable || origin?.generated === "always"
  const byDefault = row.hasDefault || (origin !== undefined && origin.generated !== "never")
  return {
    name: row.name,
    type,
    dimensions: origin?.dimensions ?? dimensionsOf(row, type),
    nullable: !(origin && !passed.mayBeNull && !origin.nullable),
    refusesNull: false,
    generated: always ? "always" : byDefault ? "default" : "never",
    comment: row.comment,
    ...(passed && { origin: { table: keyOf(passed.table, source), column: passed.column.name } }),
  }
}

/** The table as queries name it. */
export function queryNameOf(table: Pick<Table, "key">, source: SchemaSource): string {
  return queryName(table.key, source)
}
