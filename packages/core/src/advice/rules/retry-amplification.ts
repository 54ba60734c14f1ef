import { counted, many, percent, seconds, type MemoryRule } from "../memory.ts"

/** Fewer are no load. */
const RETRIES_MIN = 20

/** A tenth is what `retry.budget` lets through in the long run; twice that is its reserve being spent. */
const RATIO = 0.2

export const retryAmplification: MemoryRule = {
  code: "RETRY_AMPLIFICATION",
  when: `in the last 60 s there was more than one retry for ${1 / RATIO} statements, of ${RETRIES_MIN} retries or more; or the budget of retries was spent`,
  why: "A server that struggles is asked all the more. When the budget is spent failures are told instead.",
  find({ snapshot, seen }) {
    const { window } = snapshot.metrics
    const refused = seen("budget-spent").count
    const ratio = window.total_queries === 0 ? 0 : window.retried / window.total_queries
    if (refused === 0 && (window.retried < RETRIES_MIN || ratio <= RATIO)) return undefined
    return {
      severity: "warning",
      message:
        `${many(window.retried, "retry", "retries")} for ${many(window.total_queries, "statement")} in the last ${seconds(window.windowMs)} s (${percent(ratio)})` +
        (refused === 0 ? "" : `; ${many(refused, "failure was", "failures were")} told because the budget is spent`),
      action:
        "Mend what fails first (see the other advice); do not raise attemptsMax or the budget, which adds load to it",
      evidence: {
        retries: window.retried,
        statements: window.total_queries,
        retry_ratio: Math.round(ratio * 1_000) / 1_000,
        refused_by_budget: refused,
        budget_left: Number.isFinite(snapshot.retriesLeft) ? snapshot.retriesLeft : null,
        failures: counted(seen("first-failure")),
        window_s: seconds(window.windowMs),
      },
    }
  },
}
