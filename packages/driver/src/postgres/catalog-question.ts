import type { CatalogColumn, CatalogType } from "./decoding.ts"

/** What a session does not know yet: types and tables, by their numbers in this database. */
export interface Unknowns {
  readonly types: readonly number[]
  readonly tables: readonly number[]
}

/** What its server says of them; what it does not say there is none of, as far as the session can see. */
export interface CatalogAnswer {
  readonly types: ReadonlyMap<number, CatalogType>
  /** By table, then by the column's number. */
  readonly tables: ReadonlyMap<number, ReadonlyMap<number, CatalogColumn>>
}

/** One row with two texts: types with everything that they are made of, and tables with their columns. */
export function catalogQuestion({ types, tables }: Unknowns): string {
  return `select (${typesOf(types)})::text, (${columnsOf(tables)})::text`
}

// typarray tells a real array from int2vector and its like, which also have an element type.
function typesOf(oids: readonly number[]): string {
  return `
with recursive reached(oid) as (
  select unnest('{${oids.join()}}'::oid[])
  union
  select part.oid from reached r cross join lateral (
    select e.oid from pg_catalog.pg_type t join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid where t.oid = r.oid
    union all select t.typbasetype from pg_catalog.pg_type t where t.oid = r.oid and t.typtype = 'd'
    union all select a.atttypid from pg_catalog.pg_type t join pg_catalog.pg_attribute a on a.attrelid = t.typrelid
      where t.oid = r.oid and t.typtype = 'c' and a.attnum > 0 and not a.attisdropped
    union all select g.rngsubtype from pg_catalog.pg_range g where g.rngtypid = r.oid
    union all select g.rngtypid from pg_catalog.pg_range g where g.rngmultitypid = r.oid
  ) part(oid)
)
select json_agg(json_build_object(
  'oid', t.oid::int8, 'name', case n.nspname when 'pg_catalog' then '' else n.nspname || '.' end || t.typname,
  'kind', t.typtype, 'delimiter', t.typdelim, 'element', e.oid::int8, 'base', t.typbasetype::int8,
  'subtype', g.rngsubtype::int8, 'range', m.rngtypid::int8,
  'attributes', case t.typtype when 'c' then (
    select json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum) from pg_catalog.pg_attribute a
    where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ) end
))
from reached r
join pg_catalog.pg_type t on t.oid = r.oid
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
left join pg_catalog.pg_range g on g.rngtypid = t.oid
left join pg_catalog.pg_range m on m.rngmultitypid = t.oid`
}

function columnsOf(oids: readonly number[]): string {
  return `
select json_agg(json_build_array(c.oid::int8, a.attnum, n.nspname, c.relname, a.attname))
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where c.oid = any ('{${oids.join()}}'::oid[])`
}

/** @param fields the answer to `catalogQuestion` */
export function catalogAnswer(fields: readonly (string | null)[]): CatalogAnswer {
  const [types, columns] = fields
  return { types: readTypes(rowsIn<TypeRow>(types)), tables: readColumns(rowsIn<ColumnRow>(columns)) }
}

// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever writes the SQL knows its rows
function rowsIn<Row>(text: string | null | undefined): readonly Row[] {
  // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- the questions above are what it answers
  return text === null || text === undefined ? [] : (JSON.parse(text) as readonly Row[])
}

interface TypeRow {
  readonly oid: number
  readonly name: string
  /** pg_type.typtype. */
  readonly kind: string
  readonly delimiter: string
  readonly element: number | null
  readonly base: number
  readonly subtype: number | null
  readonly range: number | null
  readonly attributes: readonly (readonly [name: string, type: number])[] | null
}

type ColumnRow = readonly [table: number, number: number, schema: string, table: string, column: string]

/** Parts that the session could not see make the whole unknown. */
function readTypes(rows: readonly TypeRow[]): ReadonlyMap<number, CatalogType> {
  const byOid = new Map(rows.map((row) => [row.oid, row]))
  const types = new Map<number, CatalogType>()
  const typeOf = (oid: number): CatalogType | undefined => {
    const known = types.get(oid)
    if (known !== undefined) return known
    const row = byOid.get(oid)
    const type = row === undefined ? undefined : typeIn(row, typeOf)
    if (type !== undefined) types.set(oid, type)
    return type
  }
  for (const { oid } of rows) typeOf(oid)
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

function readColumns(rows: readonly ColumnRow[]): CatalogAnswer["tables"] {
  const tables = new Map<number, Map<number, CatalogColumn>>()
  for (const [oid, number, schema, table, column] of rows) {
    const columns = tables.get(oid) ?? new Map<number, CatalogColumn>()
    tables.set(oid, columns.set(number, { schema, table, column }))
  }
  return tables
}
