import { actionFor } from "../cause.ts"
import { counted, many, percent, seconds, type MemoryRule } from "../memory.ts"

export const lowSuccessRate: MemoryRule = {
  code: "LOW_SUCCESS_RATE",
  when: "in the last 60 s fewer than `health.successRateMin` (95 %) of `health.samplesMin` (10) statements or more found the database available at the first try; or the last `health.failuresInARow` (5) failed because of it",
  why: "Retries hide some of it and cost time; what they cannot hide are errors. The evidence says what failed, and how fast the rest was.",
  find({ snapshot, limits, seen, failuresInARow }) {
    const { window } = snapshot.metrics
    const low = window.total_queries >= limits.samplesMin && window.success_rate < limits.successRateMin
    const nothing = failuresInARow >= limits.failuresInARow
    if (!low && !nothing) return undefined
    const failures = seen("first-failure")
    const refusals = seen("pool-refusal")
    const seconds_ = seconds(window.windowMs)
    return {
      severity: "critical",
      message: low
        ? `${percent(window.success_rate)} of ${many(window.total_queries, "statement")} in the last ${seconds_} s succeeded at the first try`
        : `The last ${many(failuresInARow, "statement")} failed because of the server, and none succeeded`,
      action: [actionFor(failures.amounts), ...(refusals.count > 0 ? [CROWDED] : [])].join(". "),
      evidence: {
        success_ratio: window.success_rate,
        success_ratio_min: limits.successRateMin,
        statements: window.total_queries,
        failures_in_a_row: failuresInARow,
        failures: counted(failures),
        surfaced_errors: window.surfaced,
        pool_refusals: refusals.count,
        p95_s: seconds(window.durationMs.p95),
        window_s: seconds_,
      },
    }
  },
}

const CROWDED = "The pool was exhausted as well: look there too"
