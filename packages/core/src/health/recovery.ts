import type { HealthStatus } from "./judge.ts"

/**
 *   healthy ◀──lasting──▶ degraded ◀──lasting──▶ critical
 *
 * Worse is believed at once, better only when it has lasted: a status that flickers wakes people twice.
 */
export interface Course {
  readonly status: HealthStatus
  /** Since when it is that, on the clock that only goes forward. */
  readonly since: number
  /** Better than the status, and since when. */
  readonly better: { readonly status: HealthStatus; readonly since: number } | undefined
}

const RANK = { healthy: 0, degraded: 1, critical: 2 } as const

/** What the status is now that `seen` was seen. */
export function nextCourse(course: Course, seen: HealthStatus, now: number, recoverAfterMs: number): Course {
  if (RANK[seen] > RANK[course.status]) return { status: seen, since: now, better: undefined }
  if (seen === course.status) return course.better === undefined ? course : { ...course, better: undefined }
  const { better } = course
  // Of what was better for a while, only the worst has lasted.
  if (better === undefined || RANK[seen] > RANK[better.status]) {
    const since = better === undefined ? now : better.since
    return settled({ ...course, better: { status: seen, since } }, now, recoverAfterMs)
  }
  return settled(course, now, recoverAfterMs)
}

function settled(course: Course, now: number, recoverAfterMs: number): Course {
  const { better } = course
  if (better === undefined || now - better.since < recoverAfterMs) return course
  return { status: better.status, since: now, better: undefined }
}
