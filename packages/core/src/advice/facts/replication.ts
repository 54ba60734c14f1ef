import { ms, section, type Section } from "./section.ts"

/** Who follows this server, and what is kept for those who do not. */
export interface ReplicationFacts {
  readonly slots: readonly {
    readonly slot: string
    readonly type: string
    readonly active: boolean
    /** Null: it keeps nothing yet. */
    readonly retainedBytes: number | null
    /** `reserved`, `extended`, `unreserved` or `lost`. */
    readonly walStatus: string | null
    /** Known from PostgreSQL 17 on. */
    readonly inactiveMs: number | null
  }[]
  readonly standbys: readonly {
    readonly application: string | null
    /** Null: this role may not see it. */
    readonly state: string | null
    readonly sync: string | null
    readonly replayLagMs: number | null
  }[]
  readonly archiver: {
    readonly archived: number
    readonly failed: number
    /** The last attempt failed. */
    readonly failing: boolean
    readonly lastFailedWal: string | null
  }
}

export const replicationSection: Section<ReplicationFacts> = section(
  "replication",
  `
  select json_build_object(
    'slots', coalesce((select json_agg(json_build_object(
      'slot', s.slot_name, 'type', s.slot_type, 'active', s.active, 'walStatus', s.wal_status,
      'retainedBytes', case when pg_is_in_recovery() then null else pg_wal_lsn_diff(pg_current_wal_lsn(), s.restart_lsn) end,
      'inactiveMs', ${ms("clock_timestamp() - (to_jsonb(s) ->> 'inactive_since')::timestamptz")}) order by s.slot_name)
      from pg_replication_slots s where not s.temporary), '[]'),
    'standbys', coalesce((select json_agg(json_build_object(
      'application', r.application_name, 'state', r.state, 'sync', r.sync_state, 'replayLagMs', ${ms("r.replay_lag")}))
      from pg_stat_replication r), '[]'),
    'archiver', (select json_build_object('archived', a.archived_count, 'failed', a.failed_count,
      'failing', a.last_failed_time is not null and a.last_failed_time > coalesce(a.last_archived_time, '-infinity'),
      'lastFailedWal', a.last_failed_wal) from pg_stat_archiver a))
`,
)
