import type { Finding, Look } from "./finding.ts"

/** How long somebody wants to know. */
export interface Patience {
  /** On the clock. */
  readonly giveUpAt: number
  /** How long a server that cannot be reached is waited for, milliseconds. */
  readonly outageWaitMs: number
  /** The longest pause between two looks, milliseconds. */
  readonly pauseMaxMs: number
}

/** What has been seen so far. */
export interface Course {
  readonly looks: number
  readonly unreachableSince: number | undefined
  /** Since when its backend was seen running something. */
  readonly activeSince: number | undefined
  /** Its COMMIT was seen waiting for the synchronous standby. */
  readonly awaitedStandby: boolean
}

export const NOTHING_SEEN: Course = {
  looks: 0,
  unreachableSince: undefined,
  activeSince: undefined,
  awaitedStandby: false,
}

/** What came of trying to look. */
export type Sight =
  | Look
  /** No connection to look through. */
  | { readonly effect: "unreachable"; readonly why: string }

export type Step =
  /** `final`: asking again would not help. */
  | { readonly do: "answer"; readonly finding: Finding; readonly final: boolean }
  | { readonly do: "look-again"; readonly waitMs: number }
  /** What is still in progress is ended: until then it could still commit. */
  | { readonly do: "terminate" }

/** A COMMIT that has arrived and is being done needs no longer than this, unless it waits for a standby. Milliseconds. */
const GRACE_MS = 250

/** The first pause between two looks; it doubles. */
const PAUSE_MS = 10

export function nextStep(
  before: Course,
  sight: Sight,
  now: number,
  patience: Patience,
): { readonly course: Course; readonly step: Step } {
  const course = seen(before, sight, now)
  if (sight.effect !== "undecided" && sight.effect !== "unreachable") {
    const halfway = sight.effect === "applied" && course.awaitedStandby
    const finding: Finding = halfway ? { effect: "applied_locally" } : sight
    return { course, step: { do: "answer", finding, final: true } }
  }
  const { giveUpAt, outageWaitMs, pauseMaxMs } = patience
  const waited = course.unreachableSince === undefined ? 0 : now - course.unreachableSince
  if (now >= giveUpAt || (course.unreachableSince !== undefined && waited >= outageWaitMs)) {
    // Whoever waits for the standby has committed here (src/backend/replication/syncrep.c).
    if (course.awaitedStandby)
      return { course, step: { do: "answer", finding: { effect: "applied_locally" }, final: true } }
    return { course, step: { do: "answer", finding: { effect: "unknown", why: sight.why }, final: false } }
  }
  const backend = sight.effect === "undecided" ? sight.backend : undefined
  if (backend !== undefined && !backend.awaitsStandby) {
    const activeFor = course.activeSince === undefined ? GRACE_MS : now - course.activeSince
    if (activeFor >= GRACE_MS) return { course: { ...course, activeSince: now }, step: { do: "terminate" } }
  }
  const pauseMs = Math.min(pauseMaxMs, PAUSE_MS * 2 ** Math.min(course.looks - 1, 20))
  return { course, step: { do: "look-again", waitMs: Math.min(pauseMs, giveUpAt - now) } }
}

function seen(before: Course, sight: Sight, now: number): Course {
  const backend = sight.effect === "undecided" ? sight.backend : undefined
  const running = backend?.active === true && !backend.awaitsStandby
  return {
    looks: before.looks + 1,
    unreachableSince: sight.effect === "unreachable" ? (before.unreachableSince ?? now) : undefined,
    activeSince: running ? (before.activeSince ?? now) : undefined,
    awaitedStandby: before.awaitedStandby || backend?.awaitsStandby === true,
  }
}
