import type { Catalog, ColumnRow, TypeRow } from "./catalog.ts"

/** A type of the database with what it is made of. */
export interface PgType {
  readonly schema: string
  readonly name: string
  readonly comment: string | null
  /** Of an array. */
  readonly element?: PgType
  /** Of a domain: what it restricts, which may be a domain again. */
  readonly restricts?: PgType
  /** Of an enum, in the order in which it sorts. */
  readonly labels?: readonly string[]
}

export interface Column {
  readonly name: string
  readonly type: PgType
  readonly nullable: boolean
  /**
   * Who gives the value: "never": the caller. "default": the database, if the caller does not. "always": the database
   * alone.
   */
  readonly generated: "never" | "default" | "always"
  readonly comment: string | null
}

export interface Table {
  readonly schema: string
  readonly name: string
  /** How queries name it: without its schema, if that is the first of the configured ones. */
  readonly key: string
  readonly kind: "table" | "view"
  readonly comment: string | null
  readonly columns: readonly Column[]
}

/** The catalogue's rows put together: types with their parts, columns with what their domains say of them. */
export function tablesOf(catalog: Catalog, unqualifiedSchema: string): readonly Table[] {
  const rows = new Map(catalog.types.map((row) => [row.oid, row]))
  const columnsByTable = Map.groupBy(catalog.columns, (row) => JSON.stringify([row.schema, row.table]))
  return [...columnsByTable.values()].flatMap((columns) => {
    const [first] = columns
    if (!first) return []
    const { schema, table: name } = first
    return {
      schema,
      name,
      key: schema === unqualifiedSchema ? name : `${schema}.${name}`,
      kind: isView(first) ? "view" : "table",
      comment: first.tableComment,
      columns: columns.map((column) => columnOf(column, rows)),
    }
  })
}

function isView(row: ColumnRow): boolean {
  return row.relationKind === "v" || row.relationKind === "m"
}

function columnOf(row: ColumnRow, rows: ReadonlyMap<number, TypeRow>): Column {
  // A view's column may be null although its domain forbids it: an outer join asks no domain.
  const domainForbidsNull = !isView(row) && domainsOf(row.typeOid, rows).some((domain) => domain.notNull)
  return {
    name: row.name,
    type: typeOf(row.typeOid, rows),
    nullable: !row.notNull && !domainForbidsNull,
    generated: generatedBy(row, rows),
    comment: row.comment,
  }
}

function generatedBy(row: ColumnRow, rows: ReadonlyMap<number, TypeRow>): Column["generated"] {
  if (row.identity === "a" || row.computed || !row.writable) return "always"
  if (row.identity === "d" || row.hasDefault) return "default"
  return domainsOf(row.typeOid, rows)[0]?.hasDefault ? "default" : "never"
}

/** The domains of a type from the outermost inwards; none for everything that is not a domain. */
function domainsOf(oid: number, rows: ReadonlyMap<number, TypeRow>): readonly TypeRow[] {
  const row = rowOf(oid, rows)
  return row.baseOid === 0 ? [] : [row, ...domainsOf(row.baseOid, rows)]
}

function typeOf(oid: number, rows: ReadonlyMap<number, TypeRow>): PgType {
  const { schema, name, comment, baseOid, elementOid, labels } = rowOf(oid, rows)
  return {
    schema,
    name,
    comment,
    ...(elementOid !== 0 && { element: typeOf(elementOid, rows) }),
    ...(baseOid !== 0 && { restricts: typeOf(baseOid, rows) }),
    ...(labels && { labels }),
  }
}

function rowOf(oid: number, rows: ReadonlyMap<number, TypeRow>): TypeRow {
  const row = rows.get(oid)
  if (!row) throw new Error(`The type with oid ${oid} was dropped while the catalogue was being read. Run it again`)
  return row
}

/**
 * `int8`, `numeric[]`, `public.signal_kind`: PostgreSQL's internal names, with the schema of everything that is not
 * built in.
 */
export function typeName({ schema, name, element }: PgType): string {
  if (element) return `${typeName(element)}[]`
  return schema === "pg_catalog" ? name : `${schema}.${name}`
}

/** What is left when the domains are taken off, which is what the server names when it sends rows. */
export function withoutDomains(type: PgType): PgType {
  return type.restricts ? withoutDomains(type.restricts) : type
}
