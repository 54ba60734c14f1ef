/**
 * One life of one server: from its start, or from its recovery after a crash, to the next. A transaction's number (xid) means
 * something only within it: numbers whose WAL was not on disk at a crash are handed out again, so that afterwards
 * `pg_xact_status` may say "committed" of somebody else's transaction.
 */
export interface ServerLife {
  /** Which data directory; copies of it have the same. */
  readonly systemId: string
  /** Of the WAL that it writes; undefined in recovery. A standby that is promoted begins a new one. */
  readonly timeline: string | undefined
  /** The postmaster's start. It survives the crash of a backend, after which the server recovers all the same. */
  readonly startedAt: string
  /**
   * When statistics were last reset, of two kinds: a recovery after a crash resets all of them, an administrator hardly ever
   * does (src/backend/utils/activity/pgstat.c, pgstat_reset_after_failure).
   */
  readonly resetAt: readonly [string, string]
}

export const LIFE_COLUMNS_COUNT = 5

/** In SQL, and null in recovery. Not from pg_control_checkpoint(), which lags behind until the next checkpoint. */
export const TIMELINE: string =
  "case when pg_is_in_recovery() then null else substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) end"

const STARTED_AT = "extract(epoch from pg_postmaster_start_time())::text"
const RESET_AT = [
  "extract(epoch from pg_stat_get_bgwriter_stat_reset_time())::text",
  "(select extract(epoch from stats_reset) from pg_stat_archiver)::text",
] as const

/** Its columns, each of them text. Numbers instead of timestamps, which depend on the session's settings. */
export const LIFE_COLUMNS: string = `(select system_identifier from pg_control_system())::text, ${TIMELINE}, ${STARTED_AT}, ${RESET_AT.join(", ")}`

/** True, in SQL, while this primary lives: for what must not be done to whoever came after it. */
export function whileItLives({ startedAt, resetAt: [bgwriter, archiver] }: ServerLife): string {
  return `${STARTED_AT} = '${startedAt}' and (${RESET_AT[0]} = '${bgwriter}' or ${RESET_AT[1]} = '${archiver}')`
}

/** From the row that begins with LIFE_COLUMNS; undefined if the server does not say who it is. */
export function lifeIn(fields: readonly (string | null)[]): ServerLife | undefined {
  const [systemId, timeline, startedAt, bgwriter, archiver] = fields.slice(0, LIFE_COLUMNS_COUNT)
  if (!systemId || !startedAt) return undefined
  return { systemId, timeline: timeline ?? undefined, startedAt, resetAt: [bgwriter ?? "", archiver ?? ""] }
}

/** The same process that accepts connections; it survives the crash of one of its backends. */
export function sameServer(one: ServerLife, other: ServerLife): boolean {
  return one.systemId === other.systemId && one.startedAt === other.startedAt
}

/** Does a transaction's number mean the same in both? Only a primary hands numbers out. */
export function sameLife(one: ServerLife, other: ServerLife): boolean {
  return (
    one.systemId === other.systemId &&
    one.timeline !== undefined &&
    one.timeline === other.timeline &&
    one.startedAt === other.startedAt &&
    one.resetAt.some((resetAt, index) => resetAt !== "" && resetAt === other.resetAt[index])
  )
}

type Timeline = Pick<ServerLife, "timeline">

/** Its WAL ends before that of the other begins, or has gone another way since: it cannot know of what was done there. */
export function isBefore({ timeline }: Timeline, other: Timeline): boolean {
  return (
    timeline !== undefined &&
    other.timeline !== undefined &&
    Number.parseInt(timeline, 16) < Number.parseInt(other.timeline, 16)
  )
}
