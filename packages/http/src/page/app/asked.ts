import type { LiveEvent } from "../../live/messages.ts"

/** What a button does may take so long to be felt, and not much longer. */
const FELT_MS = 30_000

/** What was asked for on the page shortly before something began: it may have caused that, and who looks at both should know. */
export function askedBefore(events: readonly LiveEvent[], at: number): LiveEvent | undefined {
  return events.findLast(({ name, at_ms: asked }) => name === "action.started" && asked <= at && at - asked < FELT_MS)
}

/** A button does nothing before so long. */
const BEGINS_MS = 5_000

/** Whether what was asked for is history: what came of it is over, or nothing came. */
export function isHistory(
  askedAt: number,
  incidents: readonly { readonly until: number; readonly open: boolean }[],
  now: number,
): boolean {
  const since = incidents.filter(({ until }) => until >= askedAt)
  if (since.some(({ open }) => open)) return false
  return now - askedAt >= (since.length > 0 ? BEGINS_MS : FELT_MS)
}
