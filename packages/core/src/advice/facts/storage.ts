import { ADVICE_THRESHOLDS } from "../thresholds.ts"
import { section, type Section } from "./section.ts"

/** Tables and indexes of this database that want looking after; each list is cut at twenty. */
export interface StorageFacts {
  readonly invalidIndexes: readonly { readonly index: string; readonly table: string }[]
  readonly duplicateIndexes: readonly {
    readonly index: string
    readonly table: string
    /** The other one, which does all that this one does. */
    readonly of: string
    readonly bytes: number
  }[]
  readonly unindexedForeignKeys: readonly {
    readonly constraint: string
    readonly table: string
    readonly columns: readonly string[]
    /** The same, quoted where it must be. */
    readonly columnsSql: string
    readonly rows: number
    readonly references: string
  }[]
  readonly staleStatistics: readonly {
    readonly table: string
    readonly rows: number
    /** Rows inserted, updated or deleted since. */
    readonly changed: number
    readonly analyzed: boolean
  }[]
  readonly deadRows: readonly { readonly table: string; readonly live: number; readonly dead: number }[]
  readonly withoutAutovacuum: readonly { readonly table: string }[]
  readonly unlogged: readonly { readonly table: string }[]
  readonly extensions: readonly { readonly name: string; readonly installed: string; readonly available: string }[]
}

const { deadRowsMax, deadRowsRatio } = ADVICE_THRESHOLDS

const list = (query: string): string =>
  `coalesce((select json_agg(to_json(x)) from (${query.trim()} limit 20) x), '[]')`

/** Sizes are those that VACUUM and ANALYZE wrote down: to measure them would wait for whoever has locked the table. */
export const storageSection: Section<StorageFacts> = section(
  "storage",
  `
  with tables as materialized (
    select c.oid, c.oid::regclass::text as name, c.reltuples, c.relpersistence, c.reloptions, c.relkind
    from pg_class c join pg_namespace n on n.oid = c.relnamespace
    where c.relkind in ('r', 'p', 'm') and c.relpersistence <> 't'
      and n.nspname not in ('pg_catalog', 'information_schema', 'pg_toast')
  ), indexes as materialized (
    select i.*, t.name as table_name, c.relam, c.relpages, c.reloptions,
      exists (select from pg_constraint k where k.conindid = i.indexrelid and k.contype in ('p', 'u', 'x')) as constrains,
      pg_get_expr(i.indexprs, i.indrelid) as expressions, pg_get_expr(i.indpred, i.indrelid) as predicate
    from pg_index i join tables t on t.oid = i.indrelid join pg_class c on c.oid = i.indexrelid and c.relkind = 'i'
  ), statistics as materialized (
    select s.*, t.name, t.reltuples from pg_stat_user_tables s join tables t on t.oid = s.relid and t.relkind = 'r'
  )
  select json_build_object(
    'invalidIndexes', ${list(`
      select i.indexrelid::regclass::text as index, i.table_name as table from indexes i
      where not i.indisvalid and not exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid)
      order by 1`)},
    'duplicateIndexes', ${list(`
      select a.indexrelid::regclass::text as index, a.table_name as table, b.indexrelid::regclass::text as of,
        a.relpages::bigint * current_setting('block_size')::int as bytes
      from indexes a join indexes b on b.indrelid = a.indrelid and b.indexrelid <> a.indexrelid
      where a.indisvalid and b.indisvalid and not a.constrains and not a.indisreplident and not a.indisclustered
        and a.relam = b.relam and a.indkey::text = b.indkey::text and a.indnkeyatts = b.indnkeyatts
        and a.indclass::text = b.indclass::text and a.indcollation::text = b.indcollation::text
        and a.indoption::text = b.indoption::text and a.reloptions is not distinct from b.reloptions
        and a.expressions is not distinct from b.expressions and a.predicate is not distinct from b.predicate
        -- One that is no more than the other; of two alike the younger.
        and (not a.indisunique and (b.indisunique or b.constrains)
          or a.indisunique = b.indisunique and (b.constrains or a.indexrelid > b.indexrelid))
        and (not a.indisunique or b.indimmediate)
      order by 4 desc, 1, 3`)},
    'unindexedForeignKeys', ${list(`
      select k.conname as constraint, t.name as table, f.columns, f.columns_sql as "columnsSql",
        t.reltuples::bigint as rows, k.confrelid::regclass::text as references
      from pg_constraint k join tables t on t.oid = k.conrelid
      cross join lateral (
        select json_agg(a.attname order by x.place) as columns,
          string_agg(quote_ident(a.attname), ', ' order by x.place) as columns_sql
        from unnest(k.conkey) with ordinality x(number, place)
        join pg_attribute a on a.attrelid = k.conrelid and a.attnum = x.number) f
      where k.contype = 'f' and k.conparentid = 0 and t.reltuples >= 1000 and not exists (
        select from pg_index i
        where i.indrelid = k.conrelid and i.indisvalid and i.indpred is null and i.indnkeyatts >= cardinality(k.conkey)
          and (i.indkey::int2[])[0:cardinality(k.conkey) - 1] @> k.conkey)
      order by t.reltuples desc, 1`)},
    'staleStatistics', ${list(`
      select s.name as table, greatest(s.n_live_tup, 0) as rows, s.n_mod_since_analyze as changed,
        s.last_analyze is not null or s.last_autoanalyze is not null as analyzed
      from statistics s
      -- What was analyzed a moment ago has changed since by a load that autovacuum will see to.
      where s.n_live_tup >= 10000 and case
        when s.last_analyze is null and s.last_autoanalyze is null then s.reltuples < 0
        else s.n_mod_since_analyze > 0.2 * s.n_live_tup
          and greatest(s.last_analyze, s.last_autoanalyze) < clock_timestamp() - interval '10 minutes' end
      order by s.n_mod_since_analyze desc, 1`)},
    'deadRows', ${list(`
      select s.name as table, s.n_live_tup as live, s.n_dead_tup as dead from statistics s
      where s.n_dead_tup > ${deadRowsMax} and s.n_dead_tup > ${deadRowsRatio} * (s.n_live_tup + s.n_dead_tup)
        and not exists (select from pg_stat_progress_vacuum p where p.relid = s.relid)
      order by s.n_dead_tup desc, 1`)},
    'withoutAutovacuum', ${list(`
      select t.name as table from tables t
      where exists (select from unnest(t.reloptions) o where o ~ '^autovacuum_enabled=(false|off|no|0)') order by 1`)},
    'unlogged', ${list(`select t.name as table from tables t where t.relpersistence = 'u' order by 1`)},
    'extensions', ${list(`
      select e.extname as name, e.extversion as installed, v.default_version as available
      from pg_extension e join pg_available_extensions v on v.name = e.extname
      where e.extversion <> v.default_version order by 1`)})
`,
)
