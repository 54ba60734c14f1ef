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
 * In all three one opening at a time is tried, with a pause between two. One that hangs is no answer: while the server is unreachable, or
 * nothing has been opened yet, another one is tried beside it from time to time.
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
  /** When the last of these was begun; -Infinity if there are none. */
  readonly youngestBegunAt: number
  /** Somebody waits, whether or not one of these is for him; or wants to know whether it works. */
  readonly wanted: boolean
  /** When the first in line will leave it; Infinity if nobody waits. */
  readonly departsAt: number
  /** How long an opening takes that succeeds; undefined if none has yet. */
  readonly openingMs: number | undefined
  /** How long one can take until it fails. */
  readonly openingMaxMs: number
  /** When one was last begun before its time, because somebody was about to leave. */
  readonly lastLookAt: number
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

/** An opening that takes longer hangs, perhaps; where nothing is known yet, servers may be far away. */
export const HANGS_MS = 250
const HANGS_AT_FIRST_MS = 1_000

/** How early one must be begun for somebody, where nothing is known yet. */
const OPENING_MS = 50

/** Who is about to leave is worth a look of his own, but not each of a thousand. */
const LAST_LOOKS_APART_MS = 1_000

/** When one more may be opened: a moment in the past if at once, Infinity if not before something else happens. */
export function nextOpeningAt(outage: Outage, demand: Demand): number {
  if (demand.room <= 0) return Number.POSITIVE_INFINITY
  return Math.min(nextInTurnAt(outage, demand), secondLookAt(outage, demand), lastLookAt(outage, demand))
}

/** Beside those that hang; as often as leaves room for the next, however long each of them does. */
function secondLookAt(outage: Outage, demand: Demand): number {
  const { opening, wanted, proven, youngestBegunAt, openingMs, openingMaxMs, room } = demand
  const unsure = outage.state === "unreachable" || (outage.state === "none" && !proven)
  if (opening === 0 || !wanted || !unsure) return Number.POSITIVE_INFINITY
  const hangsMs = openingMs === undefined ? HANGS_AT_FIRST_MS : Math.max(HANGS_MS, 2 * openingMs)
  const at = youngestBegunAt + Math.max(hangsMs, openingMaxMs / (room + opening))
  return outage.state === "none" ? at : Math.max(at, outage.retryAt)
}

/** In time for the first in line, who would be told "no" otherwise though the server has come back since it was last looked for. */
function lastLookAt(outage: Outage, demand: Demand): number {
  if (outage.state !== "unreachable") return Number.POSITIVE_INFINITY
  const { departsAt, openingMs = OPENING_MS, youngestBegunAt } = demand
  const lookedAt = Math.max(outage.failedAt, youngestBegunAt) + openingMs
  const at = departsAt - openingMs
  return at >= Math.max(lookedAt, demand.lastLookAt + LAST_LOOKS_APART_MS) ? at : Number.POSITIVE_INFINITY
}

function nextInTurnAt(outage: Outage, { uncovered, missing, opening, proven, served }: Demand): number {
  if (!proven && opening >= UNPROVEN_MAX) return Number.POSITIVE_INFINITY
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
