import { counted, many, ofSort, type MemoryRule } from "../memory.ts"
import type { Seen } from "../tally.ts"

/** One in three seconds: below that, running again is what they are for. */
const CONFLICTS_MAX = 20

export const conflicts: MemoryRule = {
  code: "CONFLICTS",
  when: `in the last 60 s more than ${CONFLICTS_MAX} statements or COMMITs met a deadlock, a serialization failure or a lock that was not to be had`,
  why: "Each is work done in vain, and a deadlock makes its victims wait for `deadlock_timeout` first.",
  find({ snapshot, seen }) {
    const found = seen("conflict")
    if (found.count <= CONFLICTS_MAX) return undefined
    return {
      severity: "warning",
      message: `${many(found.count, "conflict")} between transactions in the last minute`,
      action: actionOf(found),
      evidence: {
        conflicts: counted(found),
        conflicts_max: CONFLICTS_MAX,
        reruns: seen("rerun").count,
        statements: snapshot.metrics.window.total_queries,
      },
    }
  },
}

function actionOf(found: Seen): string {
  const deadlocks = ofSort(found, "deadlock_detected")
  const serialization = ofSort(found, "serialization_failure")
  if (deadlocks * 2 > found.count)
    return "Take locks in the same order everywhere; the server's log names both sides of each deadlock"
  if (serialization * 2 > found.count) {
    return "Touch fewer rows in a serializable transaction, keep it short, or ask for a weaker isolation level where it will do"
  }
  return "Find out who holds the locks for so long (log_lock_waits), and make that transaction shorter"
}
