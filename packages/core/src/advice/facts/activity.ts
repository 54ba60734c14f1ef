import { ms, section, type Section } from "./section.ts"

/** A session of somebody else. */
export interface SessionFacts {
  readonly pid: number
  readonly user: string | null
  readonly application: string | null
  readonly database: string | null
  /** In this state, or in this transaction, for so long. */
  readonly forMs: number
}

/** What goes on at this moment. Of other roles' sessions only what this role may see. */
export interface ActivityFacts {
  /** How many client sessions are in each state. */
  readonly states: Readonly<Record<string, number>>
  /** Sessions whose state this role may not see. */
  readonly hidden: number
  readonly idleInTransaction: readonly SessionFacts[]
  /** Transactions that do something, for longest first. */
  readonly transactions: readonly SessionFacts[]
  /** Sessions that wait for a lock, for longest first. */
  readonly blocked: readonly (SessionFacts & { readonly by: readonly number[]; readonly relation: string | null })[]
  readonly prepared: readonly {
    readonly name: string
    readonly owner: string
    readonly database: string
    readonly forMs: number
  }[]
}

const SHOWN_MAX = 20

const session = (forMs: string): string =>
  `'pid', a.pid, 'user', a.usename, 'application', a.application_name, 'database', a.datname, 'forMs', ${forMs}`

export const activitySection: Section<ActivityFacts> = section(
  "activity",
  `
  with sessions as materialized (
    select * from pg_stat_activity where pid <> pg_backend_pid()
  ), clients as (
    select * from sessions where backend_type = 'client backend'
  ), waiting as materialized (
    select l.pid, max(clock_timestamp() - coalesce(l.waitstart, a.query_start, clock_timestamp())) as waited,
      max(case when l.database = (select oid from pg_database where datname = current_database())
        then l.relation::regclass::text end) as relation
    from pg_locks l left join sessions a on a.pid = l.pid where not l.granted group by l.pid
  )
  select json_build_object(
    'states', coalesce((select json_object_agg(state, count) from (
      select coalesce(state, 'hidden') as state, count(*) from clients group by 1) s), '{}'),
    'hidden', (select count(*) from sessions where query = '<insufficient privilege>'),
    'idleInTransaction', coalesce((select json_agg(o order by forms desc) from (
      select json_build_object(${session(ms("clock_timestamp() - a.state_change"))}) as o, clock_timestamp() - a.state_change as forms
      from clients a where a.state like 'idle in transaction%' order by 2 desc limit ${SHOWN_MAX}) s), '[]'),
    'transactions', coalesce((select json_agg(o order by forms desc) from (
      select json_build_object(${session(ms("clock_timestamp() - a.xact_start"))}) as o, clock_timestamp() - a.xact_start as forms
      from clients a where a.xact_start is not null and a.state = 'active' order by 2 desc limit ${SHOWN_MAX}) s), '[]'),
    'blocked', coalesce((select json_agg(o order by waited desc) from (
      select json_build_object('pid', w.pid, 'user', a.usename, 'application', a.application_name, 'database', a.datname,
        'forMs', ${ms("w.waited")}, 'by', pg_blocking_pids(w.pid), 'relation', w.relation) as o, w.waited
      from waiting w left join sessions a on a.pid = w.pid order by w.waited desc limit ${SHOWN_MAX}) s), '[]'),
    'prepared', coalesce((select json_agg(json_build_object('name', gid, 'owner', owner, 'database', database,
      'forMs', ${ms("clock_timestamp() - prepared")}) order by prepared) from pg_prepared_xacts), '[]'))
`,
)
