import type { Clock, DriverEvent, DriverSnapshot, Failure } from "@kysely-resilient/driver"

import { Lookout } from "../foundation/lookout.ts"
import { judge, statusOf, type HealthStatus, type Reason } from "./judge.ts"
import { wellAgainAt } from "./outlook.ts"
import { nextCourse, type Course } from "./recovery.ts"
import type { Thresholds } from "./thresholds.ts"

/** How a database is doing, and why. */
export interface Health {
  readonly status: HealthStatus
  /** When it became that; milliseconds since the epoch. */
  readonly since: number
  /** What keeps it from being healthy, worst first; never empty while it is not. */
  readonly reasons: readonly Reason[]
  /**
   * When it will be healthy again at the latest, if nothing more goes wrong; milliseconds since the epoch. Undefined while it is healthy, and
   * while something is wrong at this moment, of which nobody knows how long it will last.
   */
  readonly recoversAt: number | undefined
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
  /** The last of them. */
  #failedAt = Number.NEGATIVE_INFINITY
  /** Of what counts for as long as the window is: how much there was, when there was last more of it, and how many statements until then. */
  #troubles = 0
  #troubledAt = Number.NEGATIVE_INFINITY
  #queriesThen = 0
  /** A server may crash and be back between two looks. */
  #outageSeen = false
  #missedOutageMs: number | undefined
  readonly #lookout: Lookout

  constructor(parts: MonitorParts) {
    this.#parts = parts
    this.#course = { status: "healthy", since: parts.clock.now(), better: undefined }
    const at = parts.clock.wallTime()
    this.#health = { status: "healthy", since: at, reasons: [], recoversAt: undefined, startedAt: at }
    this.#lookout = new Lookout(parts.clock, () => this.look())
  }

  readonly observe = (event: DriverEvent): void => {
    switch (event.name) {
      case "query.succeeded":
        this.#failuresInARow = 0
        if (event.firstFailure !== undefined) this.#lookout.soon()
        break
      case "query.failed":
        this.#countInARow(event.failure)
        this.#lookout.soon()
        break
      case "pool.outage-began":
        this.#outageSeen = false
        this.#lookout.soon()
        break
      case "pool.outage-ended":
        if (!this.#outageSeen) this.#missedOutageMs = event.durationMs
        this.#lookout.soon()
        break
      case "connection.opened":
      case "connection.failed":
      case "connection.discarded":
      case "transaction.rolled-back":
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
    // What nobody asks any more, because it is critical, could not get well again otherwise.
    if (now - this.#failedAt > snapshot.metrics.window.windowMs) this.#failuresInARow = 0
    const vitals = { snapshot, failuresInARow: this.#failuresInARow, missedOutageMs: this.#missedOutageMs }
    const found = judge(vitals, thresholds)
    this.#missedOutageMs = undefined
    if (snapshot.pool.outageMs !== undefined) this.#outageSeen = true
    const before = this.#health
    this.#course = nextCourse(this.#course, statusOf(found), now, thresholds.recoverAfterMs)
    this.#countTroubles(snapshot, now)
    const { status, since } = this.#course
    const reasons = found.length === 0 && status !== "healthy" ? [recovering(this.#course, now, thresholds)] : found
    const wallTime = clock.wallTime()
    const changedAt = status === before.status ? before.since : wallTime - (now - since)
    const wellAt = wellAgainAt({
      course: this.#course,
      found,
      troubledAt: this.#troubledAt,
      leansOnThePast: this.#leansOnThePast(snapshot),
      windowMs: snapshot.metrics.window.windowMs,
      recoverAfterMs: thresholds.recoverAfterMs,
      now,
    })
    const recoversAt = wellAt === undefined ? undefined : Math.round(wallTime + wellAt - now)
    this.#health = { status, since: changedAt, reasons, recoversAt, startedAt: before.startedAt }
    changed(this.#health, before, wallTime)
    this.#lookout.looked(status !== "healthy" || found.length > 0)
    return this.#health
  }

  close(): void {
    this.#lookout.close()
  }

  #countInARow({ blame, origin }: Failure): void {
    if (blame === "server") {
      this.#failuresInARow += 1
      this.#failedAt = this.#parts.clock.now()
      // A statement that was wrong shows that the server is there to say so; one that its caller gave up shows nothing.
    } else if (origin === "server") this.#failuresInARow = 0
  }

  #countTroubles(
    { metrics: { total_queries, failed_queries, reconnections, transaction_rollbacks } }: DriverSnapshot,
    now: number,
  ): void {
    const troubles = failed_queries + reconnections + transaction_rollbacks
    if (troubles > this.#troubles) {
      this.#troubledAt = now
      this.#queriesThen = total_queries
    }
    this.#troubles = troubles
  }

  #leansOnThePast({ metrics: { total_queries, window } }: DriverSnapshot): boolean {
    const lasting = window.failed_queries + total_queries - this.#queriesThen
    return window.failed_queries > (1 - this.#parts.thresholds.successRateMin) * lasting
  }
}

function recovering({ status, better }: Course, now: number, { recoverAfterMs }: Thresholds): Reason {
  const goodMs = better === undefined ? 0 : now - better.since
  return {
    code: "RECOVERING",
    status: status === "critical" ? "critical" : "degraded",
    message: `Nothing has gone wrong for ${(goodMs / 1000).toFixed(1)} s; after ${recoverAfterMs / 1000} s without trouble it counts as healthy`,
  }
}
