import type { TypeDefinition } from "@kysely-resilient/core/schema"
import type { Client } from "pg"

/** One row of pg_type, with what its kind has. */
export interface CatalogRow {
  readonly oid: number
  /** As `ColumnDefinition.type` names it. */
  readonly name: string
  /** As SQL writes it. */
  readonly sql: string
  readonly kind: "b" | "c" | "d" | "e" | "m" | "r"
  readonly builtIn: boolean
  readonly delimiter: string
  readonly notNull: boolean
  readonly element: number | null
  readonly base: number
  readonly subtype: number | null
  readonly range: number | null
  readonly labels: readonly string[] | null
  readonly attributes: readonly (readonly [name: string, type: number])[] | null
}

/** Every type that a column can have, but for the rows of tables. */
export async function readTypes(client: Client): Promise<ReadonlyMap<number, CatalogRow>> {
  const { rows } = await client.query<CatalogRow>(`
select
  t.oid::int8::float8 as oid,
  coalesce(nullif(n.nspname, 'pg_catalog') || '.', '') || t.typname as name,
  quote_ident(n.nspname) || '.' || quote_ident(t.typname) as sql,
  t.typtype as kind,
  n.nspname = 'pg_catalog' as "builtIn",
  t.typdelim as delimiter,
  t.typnotnull as "notNull",
  e.oid::int8::float8 as element,
  t.typbasetype::int8::float8 as base,
  g.rngsubtype::int8::float8 as subtype,
  m.rngtypid::int8::float8 as range,
  (select json_agg(l.enumlabel order by l.enumsortorder) from pg_enum l where l.enumtypid = t.oid) as labels,
  case when t.typtype = 'c' then coalesce((
    select json_agg(json_build_array(a.attname, a.atttypid::int8) order by a.attnum)
    from pg_attribute a where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  ), '[]') end as attributes
from pg_type t
join pg_namespace n on n.oid = t.typnamespace
left join pg_class c on c.oid = t.typrelid
left join pg_type e on e.oid = t.typelem and e.typarray = t.oid
left join pg_class ec on ec.oid = e.typrelid
left join pg_range g on g.rngtypid = t.oid
left join pg_range m on m.rngmultitypid = t.oid
where t.typtype <> 'p' and e.typtype is distinct from 'p' and t.typisdefined
  and coalesce(c.relkind, 'c') = 'c' and coalesce(ec.relkind, 'c') = 'c'
order by t.oid`)
  return new Map(rows.map((row) => [row.oid, row]))
}

/** What a schema would say of those that are not built in. */
export function definitionsOf(types: ReadonlyMap<number, CatalogRow>): Readonly<Record<string, TypeDefinition>> {
  const own = [...types.values()].filter((type) => !type.builtIn && type.element === null)
  return Object.fromEntries(own.map((type) => [type.name, definitionOf(type, types)]))
}

function definitionOf(type: CatalogRow, types: ReadonlyMap<number, CatalogRow>): TypeDefinition {
  switch (type.kind) {
    case "b":
      return { kind: "base", ...(type.delimiter !== "," && { delimiter: type.delimiter }) }
    case "c":
      return {
        kind: "composite",
        attributes: (type.attributes ?? []).map(([name, oid]) => ({ name, type: nameOf(oid, types) })),
      }
    case "d":
      return { kind: "domain", base: nameOf(type.base, types), ...(type.notNull && { notNull: true }) }
    case "e":
      return { kind: "enum", labels: type.labels ?? [] }
    case "r":
      return { kind: "range", subtype: nameOf(type.subtype ?? 0, types) }
    case "m":
      return { kind: "multirange", range: nameOf(type.range ?? 0, types) }
  }
}

export function typeWith(oid: number, types: ReadonlyMap<number, CatalogRow>): CatalogRow {
  const type = types.get(oid)
  if (type === undefined) throw new Error(`there is no type ${oid}`)
  return type
}

export function nameOf(oid: number, types: ReadonlyMap<number, CatalogRow>): string {
  const { element, name } = typeWith(oid, types)
  return element === null ? name : `${nameOf(element, types)}[]`
}
