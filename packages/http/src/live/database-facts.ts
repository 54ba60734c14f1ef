import { ADVICE_THRESHOLDS } from "@kysely-resilient/core"

import type { DatabaseFacts } from "./messages.ts"

const { deadRowsMax, deadRowsRatio } = ADVICE_THRESHOLDS

/** A server starts its own processes within moments of the first; after a crash it starts all but the first anew. */
const STARTING_S = 2

/**
 * One row with one column, `facts`. After a crash the server's first process lives on, so its start says nothing of it; that of its
 * checkpointer does. It looks at the server's own statistics only, and reads no table of anybody's.
 */
export const FACTS_SQL: string = `
  with clients as materialized (
    select state, xact_start from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid()
  ), waiting as materialized (
    select l.pid, max(clock_timestamp() - coalesce(l.waitstart, clock_timestamp())) as waited
    from pg_locks l where not l.granted group by l.pid order by 2 desc limit 10
  ), here as (
    select * from pg_stat_database where datname = current_database()
  )
  select json_build_object(
    'version', current_setting('server_version'),
    'primary', not pg_is_in_recovery(),
    'up_s', round(extract(epoch from clock_timestamp() - pg_postmaster_start_time())),
    'recovered_s', (select round(extract(epoch from clock_timestamp() - backend_start)) from pg_stat_activity
      where backend_type = 'checkpointer' and backend_start > pg_postmaster_start_time() + interval '${STARTING_S} seconds'),
    'database', current_database(),
    'size_bytes', case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end,
    'max_connections', current_setting('max_connections')::int,
    'reserved_connections', current_setting('superuser_reserved_connections')::int
      + coalesce(current_setting('reserved_connections', true)::int, 0),
    'sessions', coalesce((select json_object_agg(state, count) from (
      select coalesce(state, 'hidden') as state, count(*) from clients group by 1) s), '{}'),
    'longest_transaction_s', (select round(extract(epoch from max(clock_timestamp() - xact_start))::numeric, 3) from clients),
    'blocked', coalesce((select json_agg(json_build_object('pid', pid, 'by', pg_blocking_pids(pid),
      'for_s', round(extract(epoch from waited)::numeric, 3)) order by waited desc) from waiting), '[]'),
    'dead_rows', (select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables),
    'live_rows', (select coalesce(sum(n_live_tup), 0) from pg_stat_user_tables),
    'tables_to_vacuum', (select count(*) from pg_stat_user_tables
      where n_dead_tup > ${deadRowsMax} and n_dead_tup > ${deadRowsRatio} * (n_live_tup + n_dead_tup)
        and not exists (select from pg_stat_progress_vacuum p where p.relid = pg_stat_user_tables.relid)),
    'cache_hit_ratio', (select round(blks_hit::numeric / nullif(blks_hit + blks_read, 0), 4) from here),
    'xid_used_ratio', (select round(max(age(datfrozenxid)) / 2000000000.0, 4) from pg_database),
    'xid_age_ratio', (select round(max(age(datfrozenxid)) / current_setting('autovacuum_freeze_max_age')::numeric, 3) from pg_database),
    'replication_lag_s', (select round(extract(epoch from max(replay_lag))::numeric, 3) from pg_stat_replication)
  ) as facts`

/** Its own text says what it answers with; behind a pooler that rewrites answers it may be anything. */
export function factsIn(row: unknown): DatabaseFacts | undefined {
  const facts = typeof row === "object" && row !== null && "facts" in row ? row.facts : undefined
  return isFacts(facts) ? facts : undefined
}

function isFacts(value: unknown): value is DatabaseFacts {
  if (typeof value !== "object" || value === null || !("version" in value && "sessions" in value && "blocked" in value))
    return false
  return typeof value.sessions === "object" && value.sessions !== null && Array.isArray(value.blocked)
}
