import type { CatalogColumn, CatalogType } from "./decoding.ts"

/** What a session does not know yet: types and tables, by their numbers in this database. */
export interface Unknowns {
  readonly types: readonly number[]
  readonly tables: readonly number[]
}

/** What its server says of them; what it does not say there is none of, as far as the session can see. */
export interface CatalogAnswer {
  readonly types: ReadonlyMap<number, DescribedType>
  readonly tables: ReadonlyMap<number, DescribedTable>
}

/** What a type or a table was when the server described it, in the words in which it would say the same of it again. */
export type Print = string

export interface DescribedType {
  readonly type: CatalogType
  /** Of the type and of everything that it is made of, by number. */
  readonly prints: ReadonlyMap<number, Print>
}

export interface DescribedTable {
  readonly print: Print
  /** By the column's number. */
  readonly columns: ReadonlyMap<number, CatalogColumn>
}

/** One row with two texts: types with everything that they are made of, and tables with their columns. */
export function catalogQuestion({ types, tables }: Unknowns): string {
  return `select (${typesOf(types)})::text, (${columnsOf(tables)})::text`
}

/**
 * One row with two texts: are these still what they were? A look into an index for each, and for composites into that of their
 * attributes; without those (`attributes: false`) it costs the server a third less.
 */
export function printsQuestion({ types, tables, attributes }: Unknowns & { readonly attributes: boolean }): string {
  const print = attributes ? TYPE_PRINT : `concat_ws('|', ${IDENTITY})`
  const ofTypes = `select json_object_agg(t.oid, ${print}) from pg_catalog.pg_type t where t.oid = any ('{${types.join()}}'::oid[])`
  const ofTables = `select json_object_agg(c.oid, ${TABLE_PRINT}) from pg_catalog.pg_class c where c.oid = any ('{${tables.join()}}'::oid[])`
  return `select (${ofTypes})::text, ${tables.length === 0 ? "null" : `(${ofTables})::text`}`
}

const IDENTITY = "t.typnamespace::regnamespace, t.typname, t.typtype, t.typdelim, t.typelem, t.typbasetype"

/** Everything by which one type can be told from another. What cannot change while it lives (a range's subtype) is left out. */
const TYPE_PRINT = `concat_ws('|', ${IDENTITY}, case t.typtype when 'c' then (
    select string_agg(a.attname || ':' || a.atttypid, ',' order by a.attnum) from pg_catalog.pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) end)`

const TABLE_PRINT = `concat_ws('|', c.relnamespace::regnamespace, c.relname, (
    select string_agg(a.attnum || ':' || a.attname, ',' order by a.attnum) from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  ))`

/** @param fields the answer to `printsQuestion` */
export function printsAnswer(fields: readonly (string | null)[]): readonly [types: Prints, tables: Prints] {
  const [types = null, tables = null] = fields
  return [printsIn(types), printsIn(tables)]
}

export type Prints = ReadonlyMap<number, Print>

function printsIn(text: string | null): Prints {
  const prints: unknown = text === null ? {} : JSON.parse(text)
  if (typeof prints !== "object" || prints === null) return new Map()
  return new Map(Object.entries(prints).map(([oid, print]) => [Number(oid), String(print)]))
}

// Level by level, and each level is one row: a planner who sees a row for each type expects thousands of them, and compiles the
// query (jit) for seconds. typarray tells a real array from int2vector and its like, which also have an element type.
function typesOf(oids: readonly number[]): string {
  return `
with recursive levels(oids) as (
  select '{${oids.join()}}'::oid[]
  union all
  select (select array_agg(distinct part.oid) from (
    select e.oid from pg_catalog.pg_type t join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid where t.oid = any (l.oids)
    union all select t.typbasetype from pg_catalog.pg_type t where t.oid = any (l.oids) and t.typtype = 'd'
    union all select a.atttypid from pg_catalog.pg_type t join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
      where t.oid = any (l.oids) and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
    union all select g.rngsubtype from pg_catalog.pg_range g where g.rngtypid = any (l.oids)
    union all select g.rngtypid from pg_catalog.pg_range g where g.rngmultitypid = any (l.oids)
  ) part)
  from levels l where l.oids is not null
)
select json_agg(json_build_object(
  'oid', t.oid::int8, 'name', case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end || t.typname,
  'kind', t.typtype, 'delimiter', t.typdelim, 'element', e.oid::int8, 'base', t.typbasetype::int8,
  'print', ${TYPE_PRINT},
  'subtype', g.rngsubtype::int8, 'range', m.rngtypid::int8,
  'attributes', case t.typtype when 'c' then (
    select json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum) from pg_catalog.pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) end
))
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
left join pg_catalog.pg_range g on g.rngtypid = t.oid
left join pg_catalog.pg_range m on m.rngmultitypid = t.oid
where t.oid = any (array(select unnest(l.oids) from levels l))`
}

function columnsOf(oids: readonly number[]): string {
  return `
select json_agg(json_build_object(
  'oid', c.oid::int8, 'schema', n.nspname, 'table', c.relname, 'print', ${TABLE_PRINT}, 'columns', (
    select json_agg(json_build_array(a.attnum, a.attname)) from pg_catalog.pg_attribute a
    where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
  )
))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
where c.oid = any ('{${oids.join()}}'::oid[])`
}

/** @param fields the answer to `catalogQuestion` */
export function catalogAnswer(fields: readonly (string | null)[]): CatalogAnswer {
  const [types, columns] = fields
  return { types: readTypes(rowsIn<TypeRow>(types)), tables: readTables(rowsIn<TableRow>(columns)) }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever writes the SQL knows its rows
function rowsIn<Row>(text: string | null | undefined): readonly Row[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the questions above are what it answers
  return text === null || text === undefined ? [] : (JSON.parse(text) as readonly Row[])
}

interface TypeRow {
  readonly oid: number
  readonly name: string
  readonly print: Print
  /** pg_type.typtype. */
  readonly kind: string
  readonly delimiter: string
  readonly element: number | null
  readonly base: number
  readonly subtype: number | null
  readonly range: number | null
  readonly attributes: readonly (readonly [name: string, type: number])[] | null
}

interface TableRow {
  readonly oid: number
  readonly schema: string
  readonly table: string
  readonly print: Print
  readonly columns: readonly (readonly [number: number, name: string])[] | null
}

/** A type with a part that the session cannot see is left out. */
function readTypes(rows: readonly TypeRow[]): ReadonlyMap<number, DescribedType> {
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const types = new Map<number, DescribedType>()
  for (const { oid } of rows) {
    const prints = new Map<number, Print>()
    const typeOf = (part: number): CatalogType | undefined => {
      const row = byOid.get(part)
      if (row === undefined) return undefined
      prints.set(part, row.print)
      return typeIn(row, typeOf)
    }
    const type = typeOf(oid)
    if (type !== undefined) types.set(oid, { type, prints })
  }
  return types
}

function typeIn(row: TypeRow, typeOf: (oid: number) => CatalogType | undefined): CatalogType | undefined {
  const { name, kind, delimiter } = row
  if (row.element !== null) {
    const element = typeOf(row.element)
    return element && { kind: "array", element }
  }
  switch (kind) {
    case "e":
      return { kind: "enum", name, labels: [] }
    case "d": {
      const base = typeOf(row.base)
      return base && { kind: "domain", name, base }
    }
    case "r": {
      const subtype = typeOf(row.subtype ?? 0)
      return subtype && { kind: "range", name, subtype }
    }
    case "m": {
      const range = typeOf(row.range ?? 0)
      return range && { kind: "multirange", name, range }
    }
    case "c": {
      const attributes = (row.attributes ?? []).flatMap(([attribute, oid]) => {
        const type = typeOf(oid)
        return type === undefined ? [] : [{ name: attribute, type }]
      })
      return attributes.length === (row.attributes?.length ?? 0) ? { kind: "composite", name, attributes } : undefined
    }
    default:
      return { kind: "base", name, delimiter }
  }
}

function readTables(rows: readonly TableRow[]): CatalogAnswer["tables"] {
  return new Map(
    rows.map(({ oid, schema, table, print, columns }) => {
      const named = (columns ?? []).map(([number, column]) => [number, { schema, table, column }] as const)
      return [oid, { print, columns: new Map(named) }]
    }),
  )
}
