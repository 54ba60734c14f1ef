import { setTimeout as sleep } from "node:timers/promises"

/** How long one waits for the other; somebody else may be in its way. */
const MEETING_MS = 500

/** Both go on once both are here, or once one has waited for too long. */
export function meetingOfTwo(): () => Promise<void> {
  let arrived = 0
  const both = Promise.withResolvers<void>()
  return () => {
    arrived += 1
    if (arrived === 2) both.resolve()
    return Promise.race([both.promise, sleep(MEETING_MS)])
  }
}
