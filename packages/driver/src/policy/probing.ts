import type { Random } from "../foundation/clock.ts"

/** After the first failure: what is over at once is seen at once. It doubles. */
const FIRST_PAUSE_MS = 25

/** A recovery is noticed within a quarter of a second, at four tries a second from each process. */
const PAUSE_MS = 250

/** Of an outage that lasts, so that looking for its end adds no more than this to it. */
const SHARE_OF_OUTAGE = 0.01

const LONGEST_PAUSE_MS = 1_000

/** Little of it: many processes drift apart within some probes, and a recovery must not be noticed late. */
const JITTER_RATIO = 0.05

/** The pause before an unreachable server is looked for again. `attempts` (from 1) have failed, the first one `outageMs` ago. */
export function probePauseMs(attempts: number, outageMs: number, random: Random): number {
  const begun = attempts > 10 ? PAUSE_MS : Math.min(PAUSE_MS, FIRST_PAUSE_MS * 2 ** (attempts - 1))
  const pauseMs = Math.max(begun, Math.min(LONGEST_PAUSE_MS, outageMs * SHARE_OF_OUTAGE))
  return pauseMs * (1 - JITTER_RATIO * random())
}
