import type { Clock, DriverEvent, DriverSnapshot } from "@kysely-resilient/driver"

import { Lookout } from "../foundation/lookout.ts"
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

/**
 * Looks at a database when something goes wrong in it, and until all is well again. While all is well it costs one comparison a
 * statement, and holds no timer.
 */
export class HealthMonitor {
  readonly #parts: MonitorParts
  #course: Course
  #health: Health
  #failuresInARow = 0
  readonly #lookout: Lookout

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#course = { status: "healthy", since: parts.clock.now(), better: undefined }
    const at = parts.clock.wallTime()
    this.#health = { status: "healthy", since: at, reasons: [], startedAt: at }
    this.#lookout = new Lookout(parts.clock, () => this.look())
  }

  readonly observe = (event: DriverEvent): void => {
    switch (event.name) {
      case "query.succeeded":
        this.#failuresInARow = 0
        if (event.firstFailure !== undefined) this.#lookout.soon()
        break
      case "query.failed":
        // A statement that was wrong shows that the server is there to say so.
        this.#failuresInARow = event.failure.blame === "server" ? this.#failuresInARow + 1 : 0
        this.#lookout.soon()
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
        this.#lookout.soon()
        break
      default:
        break
    }
  }

  /** The health at this moment. */
  look(snapshot: DriverSnapshot = this.#parts.snapshot()): Health {
    const { clock, thresholds, changed } = this.#parts
    const now = clock.now()
    const found = judge({ snapshot, failuresInARow: this.#failuresInARow }, thresholds)
    const before = this.#health
    this.#course = nextCourse(this.#course, statusOf(found), now, thresholds.recoverAfterMs)
    const { status, since } = this.#course
    const reasons = found.length === 0 && status !== "healthy" ? [recovering(this.#course, now, thresholds)] : found
    const changedAt = status === before.status ? before.since : clock.wallTime() - (now - since)
    this.#health = { status, since: changedAt, reasons, startedAt: before.startedAt }
    changed(this.#health, before, clock.wallTime())
    this.#lookout.looked(status !== "healthy" || found.length > 0)
    return this.#health
  }

  close(): void {
    this.#lookout.close()
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
