import type { Clock, DriverEvent, DriverSnapshot } from "@kysely-resilient/driver"

import { judge, statusOf, type HealthStatus, type Reason } from "./judge.ts"
import { nextCourse, type Course } from "./recovery.ts"
import type { Thresholds } from "./thresholds.ts"

/** How a database is doing, and why. */
export interface Health {
  readonly status: HealthStatus
  /** When it became that; milliseconds since the epoch. */
  readonly since: number
  /** What keeps it from being healthy, worst first; never empty while it is not. */
  readonly reasons: readonly Reason[]
  /** When this database was made; milliseconds since the epoch. */
  readonly startedAt: number
}

/** What a monitor stands on. */
export interface MonitorParts {
  readonly clock: Clock
  readonly snapshot: () => DriverSnapshot
  readonly thresholds: Thresholds
  /** Told whenever it was looked, with what was so before; `at` is milliseconds since the epoch. */
  readonly changed: (now: Health, before: Health, at: number) => void
}

/** In an outage events come by the thousand, and a snapshot costs more than an event. */
const LOOK_AT_MOST_EVERY_MS = 250

/** While something is wrong it may also pass without an event. */
const LOOK_AGAIN_MS = 1_000

/**
 * Looks at a database when something goes wrong in it, and until all is well again. While all is well it costs one comparison a
 * statement, and holds no timer.
 */
export class HealthMonitor {
  readonly #parts: MonitorParts
  #course: Course
  #health: Health
  #failuresInARow = 0
  #timer: { cancel(): void } | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#course = { status: "healthy", since: parts.clock.now(), better: undefined }
    const at = parts.clock.wallTime()
    this.#health = { status: "healthy", since: at, reasons: [], startedAt: at }
  }

  readonly observe = (event: DriverEvent): void => {
    switch (event.name) {
      case "query.succeeded":
        this.#failuresInARow = 0
        if (event.firstFailure !== undefined) this.#lookSoon()
        break
      case "query.failed":
        // A statement that was wrong shows that the server is there to say so.
        this.#failuresInARow = event.failure.blame === "server" ? this.#failuresInARow + 1 : 0
        this.#lookSoon()
        break
      case "connection.opened":
      case "connection.failed":
      case "connection.discarded":
      case "transaction.rolled-back":
      case "pool.outage-began":
      case "pool.outage-ended":
      case "circuit.opened":
      case "circuit.half-opened":
      case "circuit.closed":
        this.#lookSoon()
        break
      default:
        break
    }
  }

  /** The health at this moment. */
  look(snapshot: DriverSnapshot = this.#parts.snapshot()): Health {
    const { clock, thresholds, changed } = this.#parts
    const now = clock.now()
    this.#lookedAt = now
    const found = judge({ snapshot, failuresInARow: this.#failuresInARow }, thresholds)
    const before = this.#health
    this.#course = nextCourse(this.#course, statusOf(found), now, thresholds.recoverAfterMs)
    const { status, since } = this.#course
    const reasons = found.length === 0 && status !== "healthy" ? [recovering(this.#course, now, thresholds)] : found
    const changedAt = status === before.status ? before.since : clock.wallTime() - (now - since)
    this.#health = { status, since: changedAt, reasons, startedAt: before.startedAt }
    changed(this.#health, before, clock.wallTime())
    if (status !== "healthy" || found.length > 0) this.#lookIn(LOOK_AGAIN_MS)
    return this.#health
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #lookSoon(): void {
    this.#lookIn(Math.max(0, this.#lookedAt + LOOK_AT_MOST_EVERY_MS - this.#parts.clock.now()))
  }

  #lookIn(delayMs: number): void {
    if (this.#closed) return
    // The one that is set comes within a second; an event is worth looking sooner.
    if (this.#timer !== undefined) {
      if (delayMs >= LOOK_AT_MOST_EVERY_MS) return
      this.#timer.cancel()
    }
    this.#timer = this.#parts.clock.after(
      delayMs,
      () => {
        this.#timer = undefined
        this.look()
      },
      { background: true },
    )
  }
}

function recovering({ status, better }: Course, now: number, { recoverAfterMs }: Thresholds): Reason {
  const goodMs = better === undefined ? 0 : now - better.since
  return {
    code: "RECOVERING",
    status: status === "critical" ? "critical" : "degraded",
    message: `Nothing is wrong any more, for ${(goodMs / 1000).toFixed(1)} s; that is believed after ${recoverAfterMs / 1000} s`,
  }
}
