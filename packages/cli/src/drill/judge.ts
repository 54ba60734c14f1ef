import type { Told } from "./ledger.ts"
import type { Outcome, Terms } from "./operation.ts"
import { OUTAGE_WAIT_MS } from "./store.ts"
import type { Trouble } from "./trouble.ts"

/** Timers count whole milliseconds. */
const TIMER_SLACK_MS = 1

interface Circumstances {
  readonly writes: boolean
  readonly tookMs: number
  /** How long of that there was no server, at most without a pause. */
  readonly outageMs: number
}

/** The driver's patience, less what looks at the clock take. */
export const PATIENCE_MS: number = OUTAGE_WAIT_MS - 100

/** Why the driver may not move a session to another connection. */
const PINNED: readonly (string | undefined)[] = ["session-pinned", "in-transaction"]

/**
 * Strict: an error is needed only if its caller has asked for it, holds rows or a session that is lost, or the server was gone for
 * longer than the driver's patience. Everything else should have been hidden.
 */
export function judge(trouble: Trouble, terms: Terms, circumstances: Circumstances): Exclude<Outcome, "ok"> {
  const { writes, tookMs, outageMs } = circumstances
  // Its time is up, or too short for another try; whatever it was spent on.
  const late = tookMs >= (terms.limitMs ?? Number.POSITIVE_INFINITY) - TIMER_SLACK_MS
  if (trouble.effect === "unknown") return !writes ? "avoidable" : late ? "asked" : "unknown"
  if (terms.expects?.includes(trouble.kind) === true) return "asked"
  if (late || (terms.limitMs !== undefined && trouble.because === "deadline-near")) return "asked"
  if ((terms.delivered?.() ?? 0) > 0) return "needed"
  if (terms.pinned === true && PINNED.includes(trouble.because)) return "needed"
  return outageMs >= PATIENCE_MS && trouble.effect === "not_applied" ? "needed" : "avoidable"
}

const TOLD: Readonly<Record<Trouble["effect"], Exclude<Told, "pending">>> = {
  not_applied: "failed",
  applied: "ok",
  applied_locally: "ok",
  unknown: "unknown",
}

/** What the error says of the write itself; the audit holds it to its word. */
export function toldBy({ effect }: Pick<Trouble, "effect">): Exclude<Told, "pending"> {
  return TOLD[effect]
}
