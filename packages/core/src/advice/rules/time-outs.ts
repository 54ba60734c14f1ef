import { counted, many, seconds, timed, type MemoryRule } from "../memory.ts"
import { both } from "../tally.ts"

/** One or two are a user who asked for too much. */
const TIME_OUTS_MAX = 5

export const timeOuts: MemoryRule = {
  code: "TIMEOUTS",
  when: `in the last 60 s more than ${TIME_OUTS_MAX} statements or transactions ran out of time on the server`,
  why: "Their callers got an error after the longest wait that there is, and the server worked for nothing.",
  find({ snapshot, seen }) {
    const { idle, leased, max } = snapshot.pool
    // Those who were late in line at a full pool are told of as such.
    const found = idle + leased < max ? both(seen("time-out"), seen("late-in-line")) : seen("time-out")
    if (found.count <= TIME_OUTS_MAX) return undefined
    const { durationMs } = snapshot.metrics.window
    return {
      severity: "warning",
      message: `${many(found.count, "statement")} ran out of time in the last minute`,
      action:
        "Make them faster (an index, fewer rows), find out which lock they wait for, or give them more time with timeoutMs",
      evidence: {
        time_outs: found.count,
        time_outs_max: TIME_OUTS_MAX,
        slowest: timed(found),
        conflicts: counted(seen("conflict")),
        p95_s: seconds(durationMs.p95),
      },
    }
  },
}
