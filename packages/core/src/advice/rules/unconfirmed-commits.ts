import { RARE_MS } from "../chronicle.ts"
import { counted, many, seconds, type MemoryRule } from "../memory.ts"

export const unconfirmedCommits: MemoryRule = {
  code: "UNCONFIRMED_COMMITS",
  when: "in the last 10 minutes a COMMIT was applied on its server, and the synchronous standby had not confirmed it",
  why: "If this server is lost before the standby catches up, those writes are lost with it. Their callers were told `applied_locally`.",
  find({ seen }) {
    const unconfirmed = seen("unconfirmed")
    if (unconfirmed.count === 0) return undefined
    return {
      severity: "warning",
      message: `${many(unconfirmed.count, "COMMIT was", "COMMITs were")} applied on this server only; the synchronous standby has not confirmed`,
      action: "See that the standby follows again; until then this server is the only copy",
      sql: "select application_name, state, sync_state, write_lag, flush_lag, replay_lag from pg_stat_replication",
      evidence: { commits: unconfirmed.count, labels: counted(unconfirmed), window_s: seconds(RARE_MS) },
    }
  },
}
