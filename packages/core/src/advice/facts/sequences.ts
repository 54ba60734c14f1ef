import { section, type Section } from "./section.ts"

/** How far sequences are; those of which more than half is used, fullest first. */
export interface SequenceFacts {
  readonly sequences: readonly {
    readonly sequence: string
    readonly last: number
    /** The last value that it may give, or that the column which it fills can hold. */
    readonly max: number
    readonly ratio: number
    /** The column that it fills, if that is known. */
    readonly table: string | null
    readonly column: string | null
    readonly columnSql: string | null
    readonly type: string | null
  }[]
}

/** A section of its own: to read a sequence is to lock it, for a moment, against nothing but DDL. */
export const sequenceSection: Section<SequenceFacts> = section(
  "sequences",
  `
  with counted as (
    select s.schemaname, s.sequencename, s.last_value, s.start_value, a.attname, d.refobjid, a.atttypid,
      least(s.max_value, case a.atttypid when 'int2'::regtype then 32767 when 'int4'::regtype then 2147483647 else s.max_value end) as max_value
    from pg_sequences s
    join pg_namespace n on n.nspname = s.schemaname
    join pg_class c on c.relname = s.sequencename and c.relnamespace = n.oid
    left join pg_depend d on d.classid = 'pg_class'::regclass and d.objid = c.oid and d.deptype in ('a', 'i')
      and d.refclassid = 'pg_class'::regclass and d.refobjsubid > 0
    left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
    where s.increment_by > 0 and not s.cycle and s.last_value is not null
  )
  select json_build_object('sequences', coalesce((select json_agg(to_json(x)) from (
    select format('%I.%I', schemaname, sequencename) as sequence, last_value as last, max_value as max,
      round(last_value::numeric / max_value, 4) as ratio,
      refobjid::regclass::text as table, attname as column, quote_ident(attname) as "columnSql", atttypid::regtype::text as type
    from counted where last_value > max_value / 2 and max_value > 0
    order by 4 desc, 1 limit 20) x), '[]'))
`,
)
