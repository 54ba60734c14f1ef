import { many, type MemoryRule } from "../memory.ts"

export const observerThrows: MemoryRule = {
  code: "OBSERVER_THROWS",
  when: "the option `observer` or `log` has thrown",
  why: "What it threw was dropped, and with it whatever it was to record.",
  find({ snapshot }) {
    const { observer_failures } = snapshot.metrics
    if (observer_failures === 0) return undefined
    return {
      severity: "info",
      message: `An observer threw ${many(observer_failures, "time")}, and was not heard`,
      action: "Catch in the observer what may go wrong there, and log it",
      evidence: { observer_failures },
    }
  },
}
