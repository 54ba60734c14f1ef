import { actionFor } from "../cause.ts"
import { counted, inSeconds, many, seconds, type MemoryRule } from "../memory.ts"

/** Longer than what operations wait for by default, so that callers have begun to notice. */
const CRITICAL_MS = 5_000

export const serverUnreachable: MemoryRule = {
  code: "SERVER_UNREACHABLE",
  when: `no connection can be opened; critical after ${CRITICAL_MS / 1_000} s`,
  why: "Operations wait for `retry.outageWaitMs`, and are then told so. The server is looked for at least four times a second.",
  find({ snapshot, seen }) {
    const { outageMs, waiting } = snapshot.pool
    if (outageMs === undefined) return undefined
    const failures = seen("opening-failed")
    return {
      severity: outageMs >= CRITICAL_MS ? "critical" : "warning",
      message: `No connection can be opened for ${inSeconds(outageMs)}; ${many(waiting, "caller waits", "callers wait")}`,
      // When it ended is not seen here, only that it went on until now.
      was: `No connection could be opened for at least ${inSeconds(outageMs)}; ${many(waiting, "caller")} waited`,
      // Where a crash has ended the sessions, it is what keeps new ones out.
      action: actionFor([...failures.amounts, ...seen("loss").amounts.filter(({ sort }) => sort === "crash")]),
      evidence: { outage_s: seconds(outageMs), waiting, openings_failed: counted(failures) },
    }
  },
}
