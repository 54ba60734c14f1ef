import type { ServerRule } from "../examined.ts"

/** Ten statements one after the other take a second. */
const WARNING_MS = 100

export const farAway: ServerRule = {
  code: "FAR_AWAY",
  when: `half of the round trips take more than 20 ms; a warning from ${WARNING_MS} ms on`,
  why: "A page that asks ten times one after the other waits ten times as long, and each transaction keeps its locks for it.",
  find({ pings, limits }) {
    if (pings.count === 0 || pings.p50Ms <= limits.roundTripMs) return undefined
    return {
      severity: pings.p50Ms > WARNING_MS ? "warning" : "info",
      message: `A round trip takes ${pings.p50Ms.toFixed(0)} ms (99 % within ${pings.p99Ms.toFixed(0)} ms)`,
      action: "Run the application where the database is; else ask for more at once (db.batch, joins)",
      evidence: { p50_ms: round(pings.p50Ms), p99_ms: round(pings.p99Ms), pings: pings.count },
    }
  },
}

function round(ms: number): number {
  return Math.round(ms * 100) / 100
}
