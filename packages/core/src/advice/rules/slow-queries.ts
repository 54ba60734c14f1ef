import { SLOW_MS } from "../chronicle.ts"
import { inSeconds, many, percent, seconds, timed, type MemoryRule } from "../memory.ts"

/** A report that takes its time now and then is meant to. */
const COUNT_MIN = 3

/** From here on it is not a report any more, it is how the application feels. */
const SHARE = 0.05

export const slowQueries: MemoryRule = {
  code: "SLOW_QUERIES",
  when: `in the last 60 s ${COUNT_MIN} statements or more took ${SLOW_MS / 1_000} s or longer, waiting for a connection included; a warning if that is more than ${SHARE * 100} % of all`,
  why: "Somebody waits for them, and each keeps a connection from the others.",
  find({ snapshot, seen }) {
    const slow = seen("slow")
    if (slow.count < COUNT_MIN) return undefined
    const { total_queries, durationMs } = snapshot.metrics.window
    const share = total_queries === 0 ? 0 : slow.count / total_queries
    return {
      severity: share > SHARE && total_queries >= 20 ? "warning" : "info",
      message: `${many(slow.count, "statement")} of ${total_queries} took ${inSeconds(SLOW_MS)} or longer in the last minute (${percent(share)}), the slowest ${inSeconds(slow.maxMs)}`,
      action: "Look at the plan of the slowest: explain (analyze, buffers)",
      evidence: {
        statements: timed(slow),
        slow: slow.count,
        total: total_queries,
        p95_s: seconds(durationMs.p95),
        p99_s: seconds(durationMs.p99),
      },
    }
  },
}
