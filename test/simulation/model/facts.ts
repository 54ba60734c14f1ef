import type { Host } from "./host.ts"
import type { ServerTransaction } from "./transaction.ts"

/** Of whom a fact is asked. */
interface Asked {
  readonly server: Host
  readonly transaction: ServerTransaction
  readonly processId: number
  readonly startedAt: string
  readonly assignXid: () => number
}

/** What the server says when a select list asks for it; undefined for what the model has never heard of. */
export function factAbout(expression: string, asked: Asked): string | null | undefined {
  const { server, transaction, processId, startedAt } = asked
  const { storage, inRecovery, settings } = server
  const { life } = storage
  switch (expression) {
    case "null":
      return null
    case "'false'":
      return "false"
    case "current_setting('server_version')":
      return "18.4"
    case "current_setting('transaction_read_only')":
      return transaction.readOnly || inRecovery ? "on" : "off"
    case "current_setting('statement_timeout')":
    case "(extract(epoch from current_setting('statement_timeout')::interval) * 1000)::float8::text":
      return "0"
    case "pg_backend_pid()::text":
      return String(processId)
    case "(select extract(epoch from backend_start) from pg_stat_get_activity(pg_backend_pid()))::text":
      return startedAt
    case "(current_setting('synchronous_standby_names') <> '' and current_setting('synchronous_commit') not in ('off', 'local'))::text":
      return String(settings.synchronous && !transaction.localCommit)
    case "pg_advisory_unlock_all()":
      return ""
    case "pg_is_in_recovery()::text":
      return String(inRecovery)
    case "(select system_identifier from pg_control_system())::text":
      return life.systemIdentifier
    case "case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end":
      return inRecovery ? null : String(life.timeline).padStart(8, "0")
    case "extract(epoch from pg_postmaster_start_time())::text":
      return String(life.startedAt)
    case "extract(epoch from pg_stat_get_bgwriter_stat_reset_time())::text":
    case "(select extract(epoch from stats_reset) from pg_stat_archiver)::text":
      return String(life.statisticsResetAt)
    case "pg_current_xact_id_if_assigned()::text":
      return transaction.xid === undefined ? null : String(transaction.xid)
    case "pg_current_xact_id()::text":
      return String(asked.assignXid())
    default:
  }
  if (expression.startsWith("coalesce(has_table_privilege(to_regclass('kysely_resilient.commit_marker')")) {
    return String(settings.markers)
  }
  const marker = /^\(select (state|affected::text) from kysely_resilient\.commit_marker where id = '([^']+)'\)$/.exec(
    expression,
  )
  if (marker === null) return undefined
  const own = transaction.changes.find((change) => change.to === "markers" && change.id === marker[2])
  const row = own?.to === "markers" ? own : storage.markers.get(marker[2] ?? "")
  return (marker[1] === "state" ? row?.state : row?.affected) ?? null
}
