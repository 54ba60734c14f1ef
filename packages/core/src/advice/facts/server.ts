import { MARKER_TABLE } from "@kysely-resilient/driver"

import { ms, section, type Section } from "./section.ts"

/** What the server is, who asks it, and how both are set up. */
export interface ServerFacts {
  readonly version: string
  /** 180004 for 18.4. */
  readonly versionNumber: number
  readonly upMs: number
  readonly database: {
    readonly name: string
    /** -1: none. */
    readonly connectionLimit: number
    readonly connections: number
  }
  readonly role: {
    readonly name: string
    readonly superuser: boolean
    /** -1: none. */
    readonly connectionLimit: number
    readonly connections: number
    /** Sees what other roles' sessions do. */
    readonly seesAll: boolean
  }
  /** By name: as the session began with them. One that is not there is not for this role to see, or not of this version. */
  readonly settings: Readonly<Record<string, string>>
  /** The connection that asked. Of a pooler in between, its own to the server. */
  readonly connection: { readonly tls: boolean; readonly address: string | null }
  readonly inRecovery: boolean
  /** Of a standby. */
  readonly replay: {
    /** What it has received and not replayed is so old; 0 if it has replayed all that it received. */
    readonly lagMs: number | null
    readonly receiving: boolean
  } | null
  readonly connections: number
  /** The oldest transaction id of any database, counted back from now. */
  readonly oldest: { readonly database: string; readonly xidAge: number; readonly multixactAge: number }
  /** The table that `resolution: "marker"` needs is there and may be used. */
  readonly markerTable: boolean
}

const SETTINGS = [
  "application_name",
  "autovacuum",
  "autovacuum_freeze_max_age",
  "autovacuum_multixact_freeze_max_age",
  "archive_mode",
  "client_connection_check_interval",
  "data_checksums",
  "default_transaction_read_only",
  "fsync",
  "full_page_writes",
  "idle_in_transaction_session_timeout",
  "idle_session_timeout",
  "lock_timeout",
  "log_lock_waits",
  "max_connections",
  "password_encryption",
  "pg_stat_statements.max",
  "reserved_connections",
  "shared_preload_libraries",
  "ssl",
  "statement_timeout",
  "superuser_reserved_connections",
  "synchronous_commit",
  "synchronous_standby_names",
  "tcp_keepalives_idle",
  "tcp_user_timeout",
  "track_counts",
  "track_io_timing",
  "transaction_timeout",
]

export const serverSection: Section<ServerFacts> = section(
  "server",
  `
  select json_build_object(
    'version', current_setting('server_version'),
    'versionNumber', current_setting('server_version_num')::int,
    'upMs', ${ms("clock_timestamp() - pg_postmaster_start_time()")},
    'database', (
      select json_build_object('name', d.datname, 'connectionLimit', d.datconnlimit, 'connections', s.numbackends)
      from pg_database d left join pg_stat_database s on s.datid = d.oid where d.datname = current_database()),
    'role', (
      select json_build_object(
        'name', r.rolname,
        'superuser', r.rolsuper,
        'connectionLimit', r.rolconnlimit,
        'connections', (select count(*) from pg_stat_activity where usesysid = r.oid),
        'seesAll', pg_has_role(r.oid, 'pg_read_all_stats', 'usage'))
      from pg_roles r where r.rolname = session_user),
    -- What this very transaction has set for itself is not meant; of tcp_* only the value in use tells the system's own.
    'settings', (
      select json_object_agg(name, case when name like 'tcp%' then setting else reset_val end)
      from pg_settings where name = any('{${SETTINGS.join(",")}}')),
    'connection', (
      select json_build_object('tls', coalesce((select ssl from pg_stat_ssl where pid = pg_backend_pid()), false),
        'address', host(inet_client_addr()))),
    'inRecovery', pg_is_in_recovery(),
    'replay', case when pg_is_in_recovery() then json_build_object(
      'lagMs', case when pg_last_wal_receive_lsn() = pg_last_wal_replay_lsn() then 0
        else ${ms("clock_timestamp() - pg_last_xact_replay_timestamp()")} end,
      'receiving', exists (select from pg_stat_wal_receiver)) end,
    'connections', (select coalesce(sum(numbackends), 0) from pg_stat_database),
    'oldest', (
      select json_build_object('database', datname, 'xidAge', age(datfrozenxid), 'multixactAge', mxid_age(datminmxid))
      from pg_database order by age(datfrozenxid) desc limit 1),
    'markerTable', coalesce(has_table_privilege(to_regclass('${MARKER_TABLE}'), 'INSERT')
      and has_table_privilege(to_regclass('${MARKER_TABLE}'), 'SELECT'), false))
`,
)
