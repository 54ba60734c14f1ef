import type { Reason, ReasonCode } from "./judge.ts"
import type { Course } from "./recovery.ts"

/** What an outlook stands on; moments are those of the clock that only goes forward. */
export interface Prospect {
  readonly course: Course
  /** What is wrong now. */
  readonly found: readonly Reason[]
  /** When something last happened that counts for as long as the window is. */
  readonly troubledAt: number
  /** Too many of the statements in the window have failed, if those are left out that are forgotten before the failures are. */
  readonly leansOnThePast: boolean
  readonly windowMs: number
  readonly recoverAfterMs: number
  readonly now: number
}

/** Of what happened lately; the others are of this moment, and last until somebody mends them. */
const REMEMBERED: ReadonlySet<ReasonCode> = new Set(["LOW_SUCCESS_RATE", "MANY_RECONNECTIONS", "MANY_ROLLBACKS"])

/** Somebody looks at least once a second while something is wrong: so much later it may be seen, at each step. */
const LOOK_MS = 1_000

/**
 * When all will be well again at the latest, if nothing more goes wrong; undefined if it is well, or while something is wrong at this moment
 * whose end nobody knows.
 */
export function wellAgainAt({
  course: { status, better },
  found,
  troubledAt,
  leansOnThePast,
  windowMs,
  recoverAfterMs,
  now,
}: Prospect): number | undefined {
  if (status === "healthy" || found.some(({ code }) => !REMEMBERED.has(code))) return undefined
  const nothingFound = better?.status === "healthy" ? better.since : now
  const remembered = found.length > 0 || leansOnThePast
  const quietFrom = remembered ? Math.max(nothingFound, troubledAt + windowMs + LOOK_MS) : nothingFound
  if (status === "degraded" || (better?.status === "healthy" && !leansOnThePast))
    return quietFrom + recoverAfterMs + LOOK_MS
  // From critical it goes over degraded, and each step has to last.
  const degradedFrom = (better?.since ?? now) + recoverAfterMs + LOOK_MS
  return Math.max(quietFrom, degradedFrom) + recoverAfterMs + 2 * LOOK_MS
}
