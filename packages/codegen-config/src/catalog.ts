/** One row of pg_type, as far as naming, nullability and decoding ask. */
export interface TypeRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  /** The domain's own base type, which may be a domain again; 0 for everything else. */
  readonly baseOid: number
  /** What an array is an array of; 0 for everything else. */
  readonly elementOid: number
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** Of an enum, in the order in which it sorts. */
  readonly labels: readonly string[] | null
  readonly comment: string | null
}

/** One column of a table, view, materialized view, foreign or partitioned table. */
export interface ColumnRow {
  readonly schema: string
  readonly table: string
  readonly relationKind: "r" | "p" | "f" | "v" | "m"
  readonly tableComment: string | null
  readonly name: string
  readonly typeOid: number
  readonly notNull: boolean
  readonly hasDefault: boolean
  /** "a": GENERATED ALWAYS AS IDENTITY, "d": BY DEFAULT, "": no identity. */
  readonly identity: "a" | "d" | ""
  /** Of GENERATED ALWAYS AS (expression), stored or virtual. */
  readonly computed: boolean
  /** False for a view's column that neither the view nor a trigger of it can pass on. */
  readonly writable: boolean
  readonly comment: string | null
}

/** What the database says of itself; everything else in this package follows from it. */
export interface Catalog {
  readonly columns: readonly ColumnRow[]
  readonly types: readonly TypeRow[]
}

/** The one thing this file needs of a connection. */
export interface Queryable {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever writes the SQL knows its rows
  query<Row extends object>(text: string, parameters: readonly unknown[]): Promise<{ readonly rows: readonly Row[] }>
}

/**
 * Our own reading of the catalogue instead of kysely-codegen's: that one leaves out identities, computed columns and
 * NOT NULL domains, and takes children of an ordinary table for partitions.
 *
 * Left out: partitions (their parent stands for them), what extensions brought along, Kysely's own migration tables.
 */
export async function readCatalog(connection: Queryable, schemas: readonly string[]): Promise<Catalog> {
  const columns = await connection.query<ColumnRow>(columnsQuery, [schemas])
  const types = await connection.query<TypeRow>(typesQuery, [])
  return { columns: columns.rows, types: types.rows }
}

/** Those of the given schemas that the database has. */
export async function existingSchemas(connection: Queryable, schemas: readonly string[]): Promise<readonly string[]> {
  const query = "select nspname as name from pg_catalog.pg_namespace where nspname = any($1)"
  const { rows } = await connection.query<{ readonly name: string }>(query, [schemas])
  return rows.map((row) => row.name)
}

/** TRIGGER_TYPE_INSTEAD in pg_trigger.tgtype. */
const insteadOf = 64

const columnsQuery = `
select
  n.nspname as "schema",
  c.relname as "table",
  c.relkind as "relationKind",
  pg_catalog.obj_description(c.oid, 'pg_class') as "tableComment",
  a.attname as "name",
  a.atttypid as "typeOid",
  a.attnotnull as "notNull",
  a.atthasdef as "hasDefault",
  a.attidentity as "identity",
  a.attgenerated <> '' as "computed",
  c.relkind not in ('v', 'm')
    or pg_catalog.pg_column_is_updatable(c.oid, a.attnum, true)
    or exists (select from pg_catalog.pg_trigger g where g.tgrelid = c.oid and g.tgtype & ${insteadOf} <> 0)
    as "writable",
  pg_catalog.col_description(c.oid, a.attnum) as "comment"
from pg_catalog.pg_class c
join pg_catalog.pg_namespace n on n.oid = c.relnamespace
join pg_catalog.pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
where n.nspname = any($1)
  and c.relkind in ('r', 'p', 'f', 'v', 'm')
  and not c.relispartition
  and c.relname not in ('kysely_migration', 'kysely_migration_lock')
  and not exists (
    select from pg_catalog.pg_depend d
    where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
  )
order by n.nspname, c.relname, a.attnum`

// typarray tells a real array from int2vector and its like, which also have an element type.
const typesQuery = `
select
  t.oid,
  n.nspname as "schema",
  t.typname as "name",
  t.typbasetype as "baseOid",
  coalesce(e.oid, 0) as "elementOid",
  t.typnotnull as "notNull",
  t.typdefault is not null as "hasDefault",
  l.labels,
  pg_catalog.obj_description(t.oid, 'pg_type') as "comment"
from pg_catalog.pg_type t
join pg_catalog.pg_namespace n on n.oid = t.typnamespace
left join pg_catalog.pg_type e on e.oid = t.typelem and e.typarray = t.oid
left join (
  select enumtypid, array_agg(enumlabel::text order by enumsortorder) as labels
  from pg_catalog.pg_enum group by enumtypid
) l on l.enumtypid = t.oid`
