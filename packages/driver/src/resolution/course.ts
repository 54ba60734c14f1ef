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
  /** Its COMMIT was seen waiting for the synchronous standby, or standing here while the standby is still to confirm it. */
  readonly awaitedStandby: boolean
  /** It was seen standing here, without the standby's word. */
  readonly stands: { readonly since: number; readonly affected?: bigint } | undefined
}

export const NOTHING_SEEN: Course = {
  looks: 0,
  unreachableSince: undefined,
  activeSince: undefined,
  awaitedStandby: false,
  stands: undefined,
}

/** What the standby has to say of everything that was committed before it was asked. */
export type StandbyWord =
  | { readonly effect: "confirmed" }
  /** Its wait was cut short, or it may not be asked. */
  | { readonly effect: "unconfirmed" }

/** What came of trying to look. */
export type Sight =
  | Look
  | StandbyWord
  /** No connection to look through. */
  | { readonly effect: "unreachable"; readonly why: string }

export type Step =
  /** `final`: asking again would not help. */
  | { readonly do: "answer"; readonly finding: Finding; readonly final: boolean }
  | { readonly do: "look-again"; readonly waitMs: number }
  /** It stands here: the standby is asked whether it has it too, until then at the latest. */
  | { readonly do: "confirm"; readonly untilAt: number }
  /** What is still in progress is ended: until then it could still commit. */
  | { readonly do: "terminate" }

/** A COMMIT that has arrived and is being done needs no longer than this, unless it waits for a standby. Milliseconds. */
const GRACE_MS = 250

/** How long the standby has to confirm what is committed here, milliseconds: one that is there needs no longer, and one that is not may be away for days. */
export const STANDBY_WAIT_MS = 5_000

/** The first pause between two looks; it doubles. */
const PAUSE_MS = 10

export function nextStep(
  before: Course,
  sight: Sight,
  now: number,
  patience: Patience,
): { readonly course: Course; readonly step: Step } {
  const course = seen(before, sight, now)
  const { giveUpAt, outageWaitMs, pauseMaxMs } = patience
  if (sight.effect === "committed") {
    const untilAt = Math.min(giveUpAt, (course.stands?.since ?? now) + STANDBY_WAIT_MS)
    return { course, step: now < untilAt ? { do: "confirm", untilAt } : hereOnly(course) }
  }
  if (sight.effect === "unconfirmed") return { course, step: hereOnly(course) }
  if (sight.effect === "confirmed") {
    const finding: Finding = { effect: "applied", ...affectedIn(course) }
    return { course, step: { do: "answer", finding, final: true } }
  }
  if (sight.effect !== "undecided" && sight.effect !== "unreachable") {
    const halfway = sight.effect === "applied" && course.awaitedStandby
    return { course, step: halfway ? hereOnly(course) : { do: "answer", finding: sight, final: true } }
  }
  const waited = course.unreachableSince === undefined ? 0 : now - course.unreachableSince
  if (now >= giveUpAt || (course.unreachableSince !== undefined && waited >= outageWaitMs)) {
    if (course.awaitedStandby) return { course, step: hereOnly(course) }
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

/** Whoever waits for the standby has committed here (src/backend/replication/syncrep.c). */
function hereOnly(course: Course): Step {
  return { do: "answer", finding: { effect: "applied_locally", ...affectedIn(course) }, final: true }
}

function affectedIn({ stands }: Course): { readonly affected?: bigint } {
  return stands?.affected === undefined ? {} : { affected: stands.affected }
}

function seen(before: Course, sight: Sight, now: number): Course {
  const backend = sight.effect === "undecided" ? sight.backend : undefined
  const running = backend?.active === true && !backend.awaitsStandby
  return {
    looks: before.looks + 1,
    unreachableSince: sight.effect === "unreachable" ? (before.unreachableSince ?? now) : undefined,
    activeSince: running ? (before.activeSince ?? now) : undefined,
    awaitedStandby: before.awaitedStandby || backend?.awaitsStandby === true || sight.effect === "committed",
    stands: sight.effect === "committed" ? { ...sight, since: before.stands?.since ?? now } : before.stands,
  }
}
