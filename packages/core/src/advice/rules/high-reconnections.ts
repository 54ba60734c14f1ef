import { actionFor } from "../cause.ts"
import { counted, many, seconds, type MemoryRule } from "../memory.ts"

export const highReconnections: MemoryRule = {
  code: "HIGH_RECONNECTIONS",
  when: "in the last 60 s more than `health.reconnectionsMax` (10) lost connections were replaced",
  why: "Each loss costs somebody a retry, or an error where nothing may be repeated. The evidence says what ended them.",
  find({ snapshot, limits, seen }) {
    const { window, pool_resets } = snapshot.metrics
    if (window.reconnections <= limits.reconnectionsMax) return undefined
    const losses = seen("loss")
    const refused = seen("opening-failed")
    return {
      severity: "warning",
      message: `${many(window.reconnections, "lost connection was", "lost connections were")} replaced in the last ${seconds(window.windowMs)} s`,
      action: isTerminated(losses.amounts, refused.count) ? TERMINATED : actionFor(losses.amounts),
      evidence: {
        reconnections: window.reconnections,
        reconnections_max: limits.reconnectionsMax,
        window_s: seconds(window.windowMs),
        losses: counted(losses),
        openings_failed: counted(refused),
        pool_resets,
      },
    }
  },
}

const TERMINATED =
  "Somebody ends sessions while the server runs on (no opening failed): look in its log who calls pg_terminate_backend, " +
  "and for idle_session_timeout and scripts that end idle sessions"

/** A server that restarts cannot be reached for a moment; one that was told to end a session can. */
function isTerminated(
  losses: readonly { readonly sort: string; readonly count: number }[],
  openingsFailed: number,
): boolean {
  const ended = losses.filter(({ sort }) => sort === "restart").reduce((sum, { count }) => sum + count, 0)
  const all = losses.reduce((sum, { count }) => sum + count, 0)
  return openingsFailed === 0 && ended * 2 > all
}
