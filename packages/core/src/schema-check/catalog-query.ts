import type { Catalog } from "./catalog.ts"

/** TRIGGER_TYPE_INSTEAD in pg_trigger.tgtype. */
const insteadOf = 64

/**
 * One statement, so one snapshot: a migration that runs meanwhile is seen as a whole or not at all. One value of type
 * text, so that no parser and no policy of the asking program changes what is read. The parameter: the names of the schemas.
 *
 * Left out: partitions (their parent stands for them), what extensions brought along, Kysely's own migration tables.
 * PostgreSQL 14 or later; what came later is asked for in ways that older ones understand.
 */
export const catalogQuery: string = `
with recursive relations as materialized (
  select c.oid, n.nspname, c.relname, c.relkind, c.relhassubclass
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace n on n.oid = c.relnamespace
  where n.nspname = any($1::text[])
    and c.relkind in ('r', 'p', 'f', 'v', 'm')
    and not c.relispartition
    and c.relname not in ('kysely_migration', 'kysely_migration_lock')
    and not exists (
      select from pg_catalog.pg_depend d
      where d.classid = 'pg_catalog.pg_class'::regclass and d.objid = c.oid and d.deptype = 'e'
    )
),
-- Tables that inherit, at any depth; of a partitioned table its partitions.
heirs as (
  select r.oid as root, i.inhrelid as oid
  from relations r join pg_catalog.pg_inherits i on i.inhparent = r.oid
  union
  select h.root, i.inhrelid from heirs h join pg_catalog.pg_inherits i on i.inhparent = h.oid
),
-- Which wanted table a row is written through: itself, or what it is a partition of.
members as materialized (
  select oid as root, oid from relations
  union all
  select h.root, h.oid from heirs h
  join relations r on r.oid = h.root and r.relkind = 'p'
),
places as materialized (
  select c.oid, coalesce(n.nspname, cn.nspname) as nspname, coalesce(r.relname, c.relname) as relname
  from pg_catalog.pg_class c
  join pg_catalog.pg_namespace cn on cn.oid = c.relnamespace
  left join members m on m.oid = c.oid
  left join pg_catalog.pg_class r on r.oid = m.root
  left join pg_catalog.pg_namespace n on n.oid = r.relnamespace
  where c.relkind in ('r', 'p')
),
columns as materialized (
  select a.attrelid, a.attname, a.attnum, a.atttypid, a.attndims, a.attnotnull, a.atthasdef, a.attidentity, a.attgenerated,
    a.attnotnull
    -- PostgreSQL 18 can have such a constraint that older rows do not fulfil.
    and not exists (
      select from pg_catalog.pg_constraint k
      where k.conrelid = a.attrelid and k.contype = 'n' and k.conkey = array[a.attnum] and not k.convalidated
    )
    and not (r.relhassubclass and exists (
      select from heirs h join pg_catalog.pg_attribute b on b.attrelid = h.oid and b.attname = a.attname
      where h.root = r.oid and b.attnum > 0 and not b.attnotnull
    )) as holds_no_null,
    r.relkind not in ('v', 'm')
      or pg_catalog.pg_column_is_updatable(r.oid, a.attnum, true)
      or exists (select from pg_catalog.pg_trigger g where g.tgrelid = r.oid and g.tgtype & ${insteadOf} <> 0)
      as writable
  from relations r
  join pg_catalog.pg_attribute a on a.attrelid = r.oid and a.attnum > 0 and not a.attisdropped
),
columns_of as materialized (
  select a.attrelid, pg_catalog.json_agg(pg_catalog.json_build_object(
    'name', a.attname,
    'number', a.attnum,
    'typeOid', a.atttypid::int8,
    'dimensions', a.attndims,
    'notNull', a.holds_no_null,
    'refusesNull', a.attnotnull,
    'hasDefault', a.atthasdef,
    'identity', a.attidentity,
    'computed', a.attgenerated <> '',
    'writable', a.writable,
    'comment', d.description
  ) order by a.attnum) as columns
  from columns a
  left join pg_catalog.pg_description d
    on d.classoid = 'pg_catalog.pg_class'::regclass and d.objoid = a.attrelid and d.objsubid = a.attnum
  group by a.attrelid
),
used(oid) as (
  select atttypid from columns
  union
  select part.oid
  from used u
  join pg_catalog.pg_type t on t.oid = u.oid
  left join pg_catalog.pg_range g on g.rngtypid = t.oid or g.rngmultitypid = t.oid
  left join pg_catalog.pg_attribute a
    on t.typtype = 'c' and a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
  cross join lateral (values (t.typbasetype), (t.typelem), (g.rngsubtype), (g.rngtypid), (a.atttypid)) part(oid)
  where part.oid <> 0
),
wanted_constraints as materialized (
  select k.oid, k.conname, k.contype, k.conrelid, k.conkey, k.confrelid, k.confkey, k.condeferrable, k.conindid,
    coalesce(k.conrelid = l.root, false) as own
  from pg_catalog.pg_constraint k
  left join members l on l.oid = k.conrelid
  left join members f on f.oid = k.confrelid
  where k.contype in ('p', 'u', 'c', 'x', 'f') and k.conparentid = 0
    and (k.conrelid = l.root or f.root is not null)
    -- PostgreSQL 18 can have constraints that nobody checks.
    and coalesce((pg_catalog.to_jsonb(k) ->> 'conenforced')::boolean, true)
),
constraint_names as (
  select oid as top, oid, conname from wanted_constraints
  union all
  select t.top, k.oid, k.conname
  from constraint_names t join pg_catalog.pg_constraint k on k.conparentid = t.oid
),
constraint_aliases as materialized (
  select c.top, pg_catalog.json_agg(distinct c.conname) as names
  from constraint_names c join wanted_constraints k on k.oid = c.top
  where c.conname <> k.conname
  group by c.top
),
wanted_indexes as materialized (
  select i.indexrelid, i.indrelid, i.indkey, i.indnkeyatts, i.indexprs, i.indpred
  from pg_catalog.pg_index i
  join relations r on r.oid = i.indrelid and r.relkind in ('r', 'p')
  where i.indisunique and i.indisready
    and not exists (select from pg_catalog.pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x'))
),
index_names as (
  select indexrelid as top, indexrelid as oid from wanted_indexes
  union all
  select t.top, i.inhrelid from index_names t join pg_catalog.pg_inherits i on i.inhparent = t.oid
),
index_aliases as materialized (
  select t.top, pg_catalog.json_agg(distinct c.relname) as names
  from index_names t
  join pg_catalog.pg_class c on c.oid = t.oid
  join pg_catalog.pg_class own on own.oid = t.top
  where c.relname <> own.relname
  group by t.top
)
select 'catalog ' || pg_catalog.json_build_object(
  'session', pg_catalog.json_build_object(
    'user', current_user,
    'database', pg_catalog.current_database(),
    'searchPath', pg_catalog.current_setting('search_path'),
    'schemas', coalesce((
      select pg_catalog.json_agg(pg_catalog.json_build_object(
        'name', n.nspname, 'usable', pg_catalog.has_schema_privilege(n.oid, 'usage')))
      from pg_catalog.pg_namespace n where n.nspname = any($1::text[])
    ), '[]')
  ),
  'relations', coalesce((
    select pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', r.oid::int8,
      'schema', r.nspname,
      'name', r.relname,
      'kind', r.relkind,
      'comment', pg_catalog.obj_description(r.oid, 'pg_class'),
      'visible', pg_catalog.pg_table_is_visible(r.oid),
      'permitted', pg_catalog.has_table_privilege(r.oid, 'select, insert, update, delete')
        or pg_catalog.has_any_column_privilege(r.oid, 'select, insert, update'),
      'rule', (
        select w.ev_action from pg_catalog.pg_rewrite w
        where w.ev_class = r.oid and w.ev_type = '1' and w.rulename = '_RETURN' and r.relkind in ('v', 'm')
      ),
      'columns', coalesce(o.columns, '[]')
    ))
    from relations r left join columns_of o on o.attrelid = r.oid
  ), '[]'),
  'types', coalesce((
    select pg_catalog.json_agg(pg_catalog.json_build_object(
      'oid', t.oid::int8,
      'schema', n.nspname,
      'name', t.typname,
      'kind', t.typtype,
      'baseOid', t.typbasetype::int8,
      'dimensions', t.typndims,
      -- typarray tells a real array from int2vector and its like, which also have an element type.
      'elementOid', coalesce((
        select e.oid::int8 from pg_catalog.pg_type e where e.oid = t.typelem and e.typarray = t.oid
      ), 0),
      'boundOid', coalesce((select g.rngsubtype::int8 from pg_catalog.pg_range g where g.rngtypid = t.oid), 0),
      'rangeOid', coalesce((select g.rngtypid::int8 from pg_catalog.pg_range g where g.rngmultitypid = t.oid), 0),
      'delimiter', t.typdelim,
      'notNull', t.typnotnull,
      'hasDefault', t.typdefault is not null,
      'labels', (
        select pg_catalog.json_agg(e.enumlabel order by e.enumsortorder)
        from pg_catalog.pg_enum e where e.enumtypid = t.oid
      ),
      'attributes', case t.typtype when 'c' then coalesce((
        select pg_catalog.json_agg(pg_catalog.json_build_object(
          'name', a.attname, 'typeOid', a.atttypid::int8, 'dimensions', a.attndims) order by a.attnum)
        from pg_catalog.pg_attribute a
        where a.attrelid = t.typrelid and a.attnum > 0 and not a.attisdropped
      ), '[]') end,
      'checks', (
        select pg_catalog.json_agg(k.conname)
        from pg_catalog.pg_constraint k where k.contypid = t.oid and k.contype = 'c'
      ),
      'comment', pg_catalog.obj_description(t.oid, 'pg_type')
    ))
    from pg_catalog.pg_type t
    join pg_catalog.pg_namespace n on n.oid = t.typnamespace
    where t.oid in (select oid from used)
  ), '[]'),
  'constraints', coalesce((
    select pg_catalog.json_agg(found.row) from (
      select pg_catalog.json_build_object(
        'name', k.conname,
        'kind', case
          when i.indisexclusion then 'x'
          when k.contype = 'p' then 'u'
          else k.contype::text
        end,
        'primary', k.contype = 'p',
        'schema', p.nspname,
        'table', p.relname,
        'own', k.own,
        'columns', coalesce((
          select pg_catalog.json_agg(a.attname order by key.place)
          from pg_catalog.unnest(k.conkey) with ordinality key(number, place)
          join pg_catalog.pg_attribute a on a.attrelid = k.conrelid and a.attnum = key.number and a.attnum > 0
        ), '[]'),
        'deferrable', k.condeferrable,
        'expression', k.contype <> 'f' and i.indexprs is not null,
        'partial', k.contype <> 'f' and i.indpred is not null,
        'references', case when k.contype = 'f' then pg_catalog.json_build_object(
          'schema', fp.nspname,
          'table', fp.relname,
          'own', fm.oid is not null,
          'columns', (
            select pg_catalog.json_agg(a.attname order by key.place)
            from pg_catalog.unnest(k.confkey) with ordinality key(number, place)
            join pg_catalog.pg_attribute a on a.attrelid = k.confrelid and a.attnum = key.number
          )
        ) end,
        'aliases', coalesce(l.names, '[]')
      ) as row
      from wanted_constraints k
      join places p on p.oid = k.conrelid
      left join places fp on fp.oid = k.confrelid
      left join members fm on fm.oid = k.confrelid
      left join constraint_aliases l on l.top = k.oid
      left join pg_catalog.pg_index i on i.indexrelid = k.conindid and k.contype <> 'f'
      union all
      select pg_catalog.json_build_object(
        'name', ic.relname,
        'kind', 'u',
        'primary', false,
        'schema', p.nspname,
        'table', p.relname,
        'own', true,
        'columns', coalesce((
          select pg_catalog.json_agg(a.attname order by key.place)
          from pg_catalog.unnest(i.indkey::int2[]) with ordinality key(number, place)
          join pg_catalog.pg_attribute a on a.attrelid = i.indrelid and a.attnum = key.number and a.attnum > 0
          where key.place <= i.indnkeyatts
        ), '[]'),
        'deferrable', false,
        'expression', i.indexprs is not null,
        'partial', i.indpred is not null,
        'references', null,
        'aliases', coalesce(l.names, '[]')
      )
      from wanted_indexes i
      join pg_catalog.pg_class ic on ic.oid = i.indexrelid
      join places p on p.oid = i.indrelid
      left join index_aliases l on l.top = i.indexrelid
    ) found
  ), '[]')
)::text as catalog`

/** So that no plugin takes it for JSON and reads it itself. */
const mark = "catalog "

/**
 * What the one row of `catalogQuery` holds, in its column `catalog`; undefined if something on the way has changed it. Its
 * shape is the query's own doing, so it is not checked again.
 */
export function parseCatalog(text: unknown): Catalog | undefined {
  if (typeof text !== "string" || !text.startsWith(mark)) return undefined
  const catalog: Catalog = JSON.parse(text.slice(mark.length))
  return catalog
}
