import { inSeconds, many, percent, seconds, type MemoryRule } from "../memory.ts"
import { LONG_WAIT_MS } from "../recent-waits.ts"

/** One in ten feels it. */
const SHARE_MAX = 0.1

/** Fewer are nobody's experience of it. */
const LONG_MIN = 20

/** A burst is what a line is for: it has to last for some seconds. */
const SPELLS_MIN = 3

export const poolWait: MemoryRule = {
  code: "POOL_WAIT",
  when: `all connections are open, and in the last minute more than ${SHARE_MAX * 100} % of callers, ${LONG_MIN} or more, waited longer than ${LONG_WAIT_MS} ms for one, for some seconds at least`,
  why: "The line is part of every answer. It grows at once when statements become slower, and at its end callers are refused.",
  find({ snapshot, waits }) {
    const { idle, leased, max } = snapshot.pool
    // While connections are being opened, that is what is waited for.
    if (idle + leased < max || waits.spells < SPELLS_MIN) return undefined
    if (waits.long < LONG_MIN || waits.long <= waits.count * SHARE_MAX) return undefined
    return {
      severity: "warning",
      message: `${many(waits.long, "caller")} of ${waits.count} waited longer than ${inSeconds(LONG_WAIT_MS)} for a connection`,
      action:
        "Give connections back sooner (faster statements, shorter transactions); raise pool.max if the server is not busy; bound the work at the door",
      evidence: {
        waited_long: waits.long,
        of: waits.count,
        ratio: percent(waits.long / waits.count),
        mean_wait_s: seconds(waits.sumMs / waits.count),
        pool_max: max,
        p95_s: seconds(snapshot.metrics.window.durationMs.p95),
        window_s: seconds(waits.overMs),
      },
    }
  },
}
