import type { Failure } from "../failure/failure.ts"

interface Trouble {
  /** What the last opening failed of. */
  readonly failure: Failure
  /** Openings that failed since all was well, those that were under way together counted once. */
  readonly attempts: number
  /** When it came to this state. */
  readonly since: number
  readonly failedAt: number
  /** Not before may another be opened for somebody who waits. */
  readonly retryAt: number
}

/**
 *   none ──an opening fails──▶ unreachable ◀──▶ crowded ◀──▶ refused
 *     ▲                             └──────────────┴────────────┘
 *     └──────────────── an opening succeeds ───────┘   crowded: once the last that failed is long ago
 *
 * - unreachable: the server is to blame and may come back. This is an outage: it has events and a time limit of its own.
 * - crowded: the server takes no more connections, but those that we have work: whoever waits is served by them. The pool does
 *   not grow to its old size at once when there is a place again, and gives back those that it hardly needs.
 * - refused: no waiting will help (a wrong password, no such database). If nothing is open either, whoever waits is told.
 *
 * In all three one opening at a time is tried, with a pause between two.
 */
export type Outage = { readonly state: "none" } | ({ readonly state: "unreachable" | "crowded" | "refused" } & Trouble)

export const noOutage: Outage = { state: "none" }

export interface FailedOpening {
  readonly failure: Failure
  /** How many are open, idle or in use. */
  readonly live: number
  readonly now: number
  /** The pause before the next attempt, when so many have failed, the first of them so long ago. */
  readonly delayMs: (attempts: number, outageMs: number) => number
}

export function afterFailedOpening(before: Outage, { failure, live, now, delayMs }: FailedOpening): Outage {
  const state = stateOf(failure, live)
  const since = before.state === state ? before.since : now
  // Of several that were under way together only the first counts: the others say the same once more.
  const again = before.state !== "none" && now < before.retryAt
  const attempts = before.state === "none" ? 1 : before.attempts + (again ? 0 : 1)
  if (state === "crowded")
    return { state, failure, attempts, since, failedAt: now, retryAt: now + crowdedPauseMs(attempts) }
  // Whoever waited has been told; the next one to come asks the server anew.
  if (state === "refused" && live === 0) return { state, failure, attempts, since, failedAt: now, retryAt: now }
  return {
    state,
    failure,
    attempts,
    since,
    failedAt: now,
    retryAt: again ? before.retryAt : now + delayMs(attempts, now - since),
  }
}

/** What we have works, so that there is no hurry; and everybody else who is refused comes back too. */
function crowdedPauseMs(attempts: number): number {
  return Math.min(5_000, 500 * 2 ** Math.min(attempts - 1, 10))
}

/** For so long after a refusal it is opened one after the other. */
const CROWDED_MEMORY_MS = 10_000

/** Between two of them. */
const CROWDED_STEP_MS = 100

/** While the server is full, an idle one above `min` that nobody wanted for so long is left to others. */
export const CROWDED_IDLE_MS = 1_000

export function afterOpening(before: Outage, now: number): Outage {
  if (before.state !== "crowded" || now - before.failedAt >= CROWDED_MEMORY_MS) return noOutage
  return { ...before, attempts: 0, retryAt: now + CROWDED_STEP_MS }
}

function stateOf(failure: Failure, live: number): "unreachable" | "crowded" | "refused" {
  if (failure.retry === "never" || failure.blame !== "server") return "refused"
  if (failure.kind === "too_many_connections" && live > 0) return "crowded"
  return "unreachable"
}

/** What the pool would open more for. */
export interface Demand {
  /** Waiters that nothing under way will serve; one at least while somebody only wants to know whether it works. */
  readonly uncovered: number
  /** How many fewer than `min` there are. */
  readonly missing: number
  readonly opening: number
  /** How many more `max` allows. */
  readonly room: number
  /** Something has been opened since the beginning, or since one was lost. */
  readonly proven: boolean
  /** Something is open that may serve whoever waits. */
  readonly served: boolean
}

/** So many are tried at a time until one has been opened: enough to start with, and no storm on a server that is gone. */
const UNPROVEN_MAX = 4

/** With nobody waiting, an unreachable server is only looked for as often as this. */
const FILL_PAUSE_MS = 5_000

/** When one more may be opened: a moment in the past if at once, Infinity if not before something else happens. */
export function nextOpeningAt(outage: Outage, { uncovered, missing, opening, room, proven, served }: Demand): number {
  if (room <= 0 || (!proven && opening >= UNPROVEN_MAX)) return Number.POSITIVE_INFINITY
  if (outage.state === "none") return uncovered > 0 || missing > 0 ? Number.NEGATIVE_INFINITY : Number.POSITIVE_INFINITY
  if (opening > 0) return Number.POSITIVE_INFINITY
  if (uncovered > 0) {
    // Nothing is left that could serve them.
    if (outage.state === "crowded" && !served) return Math.min(outage.retryAt, outage.failedAt + CROWDED_STEP_MS)
    return outage.retryAt
  }
  if (missing > 0 && outage.state !== "refused") return Math.max(outage.retryAt, outage.failedAt + FILL_PAUSE_MS)
  return Number.POSITIVE_INFINITY
}

/** Until when one who joined the line at `joinedAt` waits for an outage to end. */
export function outageLimitAt(outage: Outage, joinedAt: number, outageWaitMs: number): number {
  return outage.state === "unreachable" ? Math.max(outage.since, joinedAt) + outageWaitMs : Number.POSITIVE_INFINITY
}
