import type { LiveEvent } from "../../live/messages.ts"

/** What a button does may take so long to be felt, and not much longer. */
const FELT_MS = 30_000

/** What was asked for on the page shortly before something began: it may have caused that, and who looks at both should know. */
export function askedBefore(events: readonly LiveEvent[], at: number): string | undefined {
  return events.findLast(({ name, at_ms: asked }) => name === "action.started" && asked <= at && at - asked < FELT_MS)
    ?.label
}
