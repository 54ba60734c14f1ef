import type { Told } from "./ledger.ts"
import type { Outcome, Terms } from "./operation.ts"
import type { Trouble } from "./trouble.ts"

/** Timers count whole milliseconds. */
const TIMER_SLACK_MS = 1

interface Circumstances {
  readonly writes: boolean
  readonly tookMs: number
}

/** Why the driver may not move a session to another connection. */
const PINNED: readonly (string | undefined)[] = ["session-pinned", "in-transaction"]

/**
 * Strict: an error is needed only if its caller has asked for it, holds rows or a session that is lost. Everything else should
 * have been hidden, since no fault of a drill lasts longer than the driver's patience.
 */
export function judge(trouble: Trouble, terms: Terms, { writes, tookMs }: Circumstances): Exclude<Outcome, "ok"> {
  if (trouble.effect === "unknown") return writes ? "unknown" : "avoidable"
  if (terms.expects?.includes(trouble.kind) === true) return "asked"
  // Its time is up, whatever it was spent on.
  if (terms.limitMs !== undefined && tookMs >= terms.limitMs - TIMER_SLACK_MS) return "asked"
  if ((terms.delivered?.() ?? 0) > 0) return "needed"
  if (terms.pinned === true && PINNED.includes(trouble.because)) return "needed"
  return "avoidable"
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
