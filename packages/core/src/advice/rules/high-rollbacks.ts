import type { Seen } from "../tally.ts"
import { counted, many, ofSort, seconds, type MemoryRule } from "../memory.ts"

export const highRollbacks: MemoryRule = {
  code: "HIGH_ROLLBACKS",
  when: "in the last 60 s more than `health.rollbacksMax` (20) transactions were rolled back for their callers: past their deadline, orphaned, or failed and left open",
  why: "Their work is lost. A callback's own `Err` does not count.",
  find({ snapshot, limits, seen }) {
    const { window } = snapshot.metrics
    if (window.transaction_rollbacks <= limits.rollbacksMax) return undefined
    const rollbacks = seen("rollback")
    return {
      severity: "warning",
      message: `${many(window.transaction_rollbacks, "transaction was rolled back for its caller", "transactions were rolled back for their callers")} in the last ${seconds(window.windowMs)} s`,
      action: actionsFor(rollbacks, seen("conflict")),
      evidence: {
        rollbacks: window.transaction_rollbacks,
        rollbacks_max: limits.rollbacksMax,
        window_s: seconds(window.windowMs),
        reasons: counted(rollbacks),
        conflicts: counted(seen("conflict")),
      },
    }
  },
}

const REASONS = {
  deadline:
    "Transactions reach their deadline: make them shorter, keep calls of other services out of them, or raise timeouts.transactionMs",
  orphan: "Raw BEGIN is left open: use db.transaction, which ends what it begins",
  repair: "Transactions are left behind after an error: use db.transaction, or ROLLBACK in a finally block",
} as const

const CONFLICTS: Readonly<Record<string, string>> = {
  deadlock_detected: "Deadlocks: take locks in the same order everywhere; the server's log names both sides",
  serialization_failure:
    "Serialization failures: ask for a weaker isolation level where it will do, or touch fewer rows",
}

/** Of the reasons that are counted those that matter, and conflicts where there were some. */
function actionsFor(rollbacks: Seen, conflicts: Seen): string {
  const sorts = ["deadline", "orphan", "repair"] as const
  const matter = sorts.filter((sort) => ofSort(rollbacks, sort) * 5 >= rollbacks.count)
  const also = Object.entries(CONFLICTS).filter(([kind]) => ofSort(conflicts, kind) > 0)
  return [...matter.map((sort) => REASONS[sort]), ...also.map(([, action]) => action)].join(". ")
}
