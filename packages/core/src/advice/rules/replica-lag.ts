import type { ServerRule } from "../examined.ts"
import { inSeconds, seconds } from "../memory.ts"

export const replicaLag: ServerRule = {
  code: "REPLICA_LAG",
  when: "this standby, or one that follows this server, is more than 30 s behind; or this standby hears nothing from its primary",
  why: "Reads there are old, and a failover would lose what has not arrived.",
  needs: ["replication"],
  find({ server, replication, limits }) {
    const { replay, inRecovery } = server
    const behind = (replication?.standbys ?? []).filter(({ replayLagMs }) => (replayLagMs ?? 0) > limits.replicaLagMs)
    const lagMs = replay?.lagMs ?? 0
    const deaf = inRecovery && replay?.receiving === false
    if (!deaf && lagMs <= limits.replicaLagMs && behind.length === 0) return undefined
    const evidence = {
      lag_s: seconds(lagMs),
      receiving: replay?.receiving ?? null,
      standbys: behind.map(({ application, replayLagMs }) => ({
        application,
        lag_s: replayLagMs === null ? null : seconds(replayLagMs),
      })),
    }
    if (deaf) {
      return {
        severity: "warning",
        message: "This standby receives nothing from its primary",
        action: "Look in its log why it cannot connect (primary_conninfo, a slot that is gone, WAL that was removed)",
        sql: "select * from pg_stat_wal_receiver",
        evidence,
      }
    }
    return {
      severity: "warning",
      message:
        behind.length > 0
          ? standbysBehind(behind.length, Math.max(...behind.map(({ replayLagMs }) => replayLagMs ?? 0)))
          : `This standby is ${inSeconds(lagMs)} behind`,
      action: "Look for long queries there (max_standby_streaming_delay), a slow disk or a slow network",
      sql: "select application_name, state, write_lag, flush_lag, replay_lag from pg_stat_replication",
      evidence,
    }
  },
}

function standbysBehind(count: number, farthestMs: number): string {
  return count === 1
    ? `1 standby is ${inSeconds(farthestMs)} behind`
    : `${count} standbys are behind, the farthest by ${inSeconds(farthestMs)}`
}
