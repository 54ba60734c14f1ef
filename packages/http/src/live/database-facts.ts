import type { DatabaseFacts } from "./messages.ts"

/** One row with one column, `facts`. It looks at the server's own statistics only, and reads no table of anybody's. */
export const FACTS_SQL = `
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
    'database', current_database(),
    'size_bytes', case when has_database_privilege(current_database(), 'connect') then pg_database_size(current_database()) end,
    'max_connections', current_setting('max_connections')::int,
    'sessions', coalesce((select json_object_agg(state, count) from (
      select coalesce(state, 'hidden') as state, count(*) from clients group by 1) s), '{}'),
    'longest_transaction_s', (select round(extract(epoch from max(clock_timestamp() - xact_start))::numeric, 3) from clients),
    'blocked', coalesce((select json_agg(json_build_object('pid', pid, 'by', pg_blocking_pids(pid),
      'for_s', round(extract(epoch from waited)::numeric, 3)) order by waited desc) from waiting), '[]'),
    'dead_rows', (select coalesce(sum(n_dead_tup), 0) from pg_stat_user_tables),
    'live_rows', (select coalesce(sum(n_live_tup), 0) from pg_stat_user_tables),
    'cache_hit_ratio', (select round(blks_hit::numeric / nullif(blks_hit + blks_read, 0), 4) from here),
    'xid_used_ratio', (select round(max(age(datfrozenxid)) / 2000000000.0, 4) from pg_database),
    'replication_lag_s', (select round(extract(epoch from max(replay_lag))::numeric, 3) from pg_stat_replication)
  ) as facts`

/** Its own text says what it answers with; behind a pooler that rewrites answers it may be anything. */
export function factsIn(row: unknown): DatabaseFacts | undefined {
  const facts = typeof row === "object" && row !== null && "facts" in row ? row.facts : undefined
  return isFacts(facts) ? facts : undefined
}

function isFacts(value: unknown): value is DatabaseFacts {
  return typeof value === "object" && value !== null && "version" in value && "sessions" in value
}
