import { serverIsAway } from "../failure/availability.ts"
import type { Failure, Pace } from "../failure/failure.ts"
import type { Random } from "../foundation/clock.ts"

/** How long to wait between tries. */
export interface Backoff {
  /** The longest wait before the second try, milliseconds. It doubles with every try. */
  readonly baseMs: number
  /** No wait is longer, milliseconds. */
  readonly maxMs: number
}

/**
 * `slow` is for a server that is gone or starting: half a second spares it a storm, five seconds is as long as a caller
 * should be kept for one more try. `quick` is for conflicts between transactions, which are over in milliseconds.
 */
export const DEFAULT_BACKOFF: Readonly<Record<Pace, Backoff>> = {
  slow: { baseMs: 500, maxMs: 5_000 },
  quick: { baseMs: 10, maxMs: 250 },
}

/** Doubling further changes nothing that a wait could be, and would end in Infinity times zero. */
const DOUBLINGS_MAX = 50

/**
 * The wait after the `attempt`-th try (from 1): any moment between none and the exponential bound. Full jitter, because
 * those who failed together must not come back together.
 */
export function delayMs(backoff: Backoff, attempt: number, random: Random): number {
  const doublings = Math.min(Math.max(attempt - 1, 0), DOUBLINGS_MAX)
  return random() * Math.min(backoff.maxMs, backoff.baseMs * 2 ** doublings)
}

/** How long a wait may be. */
export interface Wait {
  /** As soon as the server is known to be reachable, but not before. */
  readonly leastMs: number
  /** Whatever is known of the server. */
  readonly mostMs: number
}

/**
 * The wait after the `attempt`-th try failed. If the server was away, it is as long as the server is away: what ends
 * it early is a connection that was opened, and the quick back-off keeps those apart who all hear of it at once.
 */
export function waitAfter(
  failure: Pick<Failure, "blame" | "kind" | "pace" | "retryAfterMs">,
  attempt: number,
  backoffs: Readonly<Record<Pace, Backoff>>,
  random: Random,
): Wait {
  const mostMs = Math.max(delayMs(backoffs[failure.pace], attempt, random), failure.retryAfterMs ?? 0)
  const leastMs = serverIsAway(failure) ? Math.min(mostMs, delayMs(backoffs.quick, attempt, random)) : mostMs
  return { leastMs, mostMs }
}
