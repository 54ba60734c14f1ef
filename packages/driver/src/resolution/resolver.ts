import type { Outcome } from "../failure/failure.ts"
import type { Clock, TimerOptions } from "../foundation/clock.ts"
import { remainingMs, type Deadline } from "../foundation/deadline.ts"
import { unreachable } from "../foundation/invariant.ts"
import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Told } from "../telemetry/events.ts"
import { askMarker, terminateMarked } from "./ask-marker.ts"
import { askXid, terminateXid } from "./ask-xid.ts"
import { nextStep, NOTHING_SEEN, type Course, type Patience, type Sight } from "./course.ts"
import type { Finding, Look } from "./finding.ts"
import type { SideConnection } from "./side-connection.ts"
import type { Standby } from "./standby.ts"
import { tokenOf, type AskableClaim } from "./token.ts"

interface ResolverParts {
  readonly side: Pick<SideConnection, "use">
  readonly standby: Pick<Standby, "confirm">
  readonly clock: Clock
  readonly emit: (event: Told) => void
  /** How long a server that cannot be reached is waited for, milliseconds. */
  readonly outageWaitMs: number
  /** Aborts when the driver is closed. */
  readonly closing: AbortSignal
}

/** For how long an answer is wanted. */
export interface Wanted {
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  readonly label?: string | undefined
}

/** With a token where it is unknown, so that somebody may ask again. */
export type Resolved = Finding & { readonly token?: string }

/** Without a deadline nobody should wait for ever either. Milliseconds. */
const RESOLVE_MS = 30_000
const PAUSE_MAX_MS = 250

/** What nobody waits for any more is looked for in the background: this many at once, this long, this often. */
const FOLLOWED_MAX = 1_000
const FOLLOW_MS = 600_000
const FOLLOW_PAUSE_MAX_MS = 5_000

/** Finds out what became of transactions whose COMMIT was not answered. */
export class Resolver {
  readonly #parts: ResolverParts
  #followed = 0

  constructor(parts: ResolverParts) {
    this.#parts = parts
  }

  /** How many are looked for in the background. */
  get pending(): number {
    return this.#followed
  }

  /** Until it is known, or nobody wants to know any more; then it is looked for in the background. Never rejects. */
  async resolve(claim: Claim, wanted: Wanted): Promise<Resolved> {
    if (claim.by === "nothing") return { effect: "applied" }
    const { clock, emit, outageWaitMs, closing } = this.#parts
    const startedAt = clock.now()
    const unwanted = wanted.signal === undefined ? closing : AbortSignal.any([wanted.signal, closing])
    const giveUpAt = startedAt + Math.min(RESOLVE_MS, remainingMs(clock, wanted.deadline))
    const patience = { giveUpAt, outageWaitMs, pauseMaxMs: PAUSE_MAX_MS }
    const { finding, final } = await this.#find(claim, patience, unwanted, FOREGROUND)
    const told = {
      by: claim.by,
      durationMs: clock.now() - startedAt,
      ...(wanted.label !== undefined && { label: wanted.label }),
    }
    if (finding.effect !== "unknown") {
      emit({ ...told, name: "effect.resolved", effect: finding.effect, late: false })
      return finding
    }
    emit({ ...told, name: "effect.unresolved", why: finding.why })
    if (!final) void this.#follow(claim, wanted.label)
    return { ...finding, token: tokenOf(claim, clock.wallTime()) }
  }

  /** Whoever listens to events learns of it; nobody else waits. */
  async #follow(claim: AskableClaim, label: string | undefined): Promise<void> {
    const { clock, emit, closing } = this.#parts
    if (this.#followed >= FOLLOWED_MAX || closing.aborted) return
    this.#followed += 1
    const startedAt = clock.now()
    const patience = { giveUpAt: startedAt + FOLLOW_MS, outageWaitMs: FOLLOW_MS, pauseMaxMs: FOLLOW_PAUSE_MAX_MS }
    const { finding } = await this.#find(claim, patience, closing, BACKGROUND)
    this.#followed -= 1
    if (finding.effect === "unknown") return
    const durationMs = clock.now() - startedAt
    const told = { by: claim.by, effect: finding.effect, durationMs, ...(label !== undefined && { label }) }
    emit({ ...told, name: "effect.resolved", late: true })
  }

  async #find(
    claim: AskableClaim,
    patience: Patience,
    unwanted: AbortSignal,
    timers: TimerOptions,
  ): Promise<{ readonly finding: Finding; readonly final: boolean }> {
    const { clock, side, standby } = this.#parts
    const inTime = <T>(promise: Promise<T> | undefined, until: number): Promise<T | undefined> =>
      this.#unless(promise, until, unwanted, timers)
    const look = async (): Promise<Sight> => sightOf(await side.use((connection) => lookAt(connection, claim)))
    let course: Course = NOTHING_SEEN
    let sight = await inTime(look(), patience.giveUpAt)
    for (;;) {
      const next = nextStep(course, sight ?? NO_TIME, clock.now(), sight === undefined ? OVER : patience)
      course = next.course
      const { step } = next
      switch (step.do) {
        case "answer":
          // Its marker can no longer be written, but its locks would stand in the way of whoever does it again.
          if (claim.by === "marker" && step.finding.effect === "not_applied") {
            void side.use((connection) => terminate(connection, claim))
          }
          return step
        case "confirm":
          sight = await inTime(standby.confirm(step.untilAt), step.untilAt)
          continue
        case "terminate":
          await inTime(
            side.use((connection) => terminate(connection, claim)),
            patience.giveUpAt,
          )
          break
        case "look-again":
          await inTime(undefined, clock.now() + step.waitMs)
          break
        default:
          unreachable(step)
      }
      sight = await inTime(look(), patience.giveUpAt)
    }
  }

  /** Undefined if nobody wants it any more, or not before then. Without a promise it is a pause. */
  #unless<T>(
    promise: Promise<T> | undefined,
    until: number,
    unwanted: AbortSignal,
    timers: TimerOptions,
  ): Promise<T | undefined> {
    const { clock } = this.#parts
    return new Promise((resolve, reject) => {
      const settle = (value: T | undefined): void => {
        timer.cancel()
        unwanted.removeEventListener("abort", end)
        resolve(value)
      }
      const end = (): void => settle(undefined)
      const timer = clock.after(Math.max(0, until - clock.now()), end, timers)
      unwanted.addEventListener("abort", end)
      if (unwanted.aborted) end()
      promise?.then(settle, reject)
    })
  }
}

const FOREGROUND: TimerOptions = {}
const BACKGROUND: TimerOptions = { background: true }

/** Nobody waits any longer. */
const OVER: Patience = { giveUpAt: Number.NEGATIVE_INFINITY, outageWaitMs: 0, pauseMaxMs: 0 }

const NO_TIME: Sight = { effect: "undecided", why: "there was no time left to ask" }

function sightOf(looked: Outcome<Look>): Sight {
  return looked.ok ? looked.value : { effect: "unreachable", why: looked.failure.message }
}

function lookAt(connection: PgConnection, claim: AskableClaim): Promise<Look> {
  return claim.by === "xid" ? askXid(connection, claim) : askMarker(connection, claim)
}

function terminate(connection: PgConnection, claim: AskableClaim): Promise<void> {
  return claim.by === "xid" ? terminateXid(connection, claim) : terminateMarked(connection, claim)
}
