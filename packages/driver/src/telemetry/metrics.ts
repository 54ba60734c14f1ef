import type { Failure } from "../failure/failure.ts"
import type { Clock } from "../foundation/clock.ts"
import type { DiscardReason, Observer } from "./events.ts"
import { Histogram } from "./histogram.ts"
import { SlidingWindow } from "./window.ts"

/** Lifetime counters, under the names that operators of the system know. */
export interface LifetimeCounters {
  /** Callers' statements, once each: no retries, no BEGIN, COMMIT or SAVEPOINT, nothing of our own. */
  readonly total_queries: number
  /** Statements whose first attempt failed for availability, whether or not a retry saved them. */
  readonly failed_queries: number
  /** Connections opened to replace a lost one. */
  readonly reconnections: number
  /** Rollbacks that we made: repair, orphan, deadline. Not a caller's own. */
  readonly transaction_rollbacks: number
  /** Bumps of the pool's generation. */
  readonly pool_resets: number
}

export interface MetricsSnapshot extends LifetimeCounters {
  /** `1 - failed_queries / total_queries`; 1 when nothing has run. */
  readonly success_rate: number
  /** How often an observer threw, and was not heard. */
  readonly observer_failures: number
  /** COMMITs that nobody answered, and what became of looking for them. */
  readonly resolutions: ResolutionCounters
  /** The last 60 seconds. */
  readonly window: WindowSnapshot
}

export interface ResolutionCounters {
  readonly applied: number
  readonly applied_locally: number
  readonly not_applied: number
  /** Their callers were told `unknown`, and given a token. */
  readonly unresolved: number
  /** Of those: found out since, in the background. */
  readonly late: number
}

export interface WindowSnapshot extends LifetimeCounters {
  readonly windowMs: number
  readonly success_rate: number
  readonly retried: number
  /** Statements whose caller got an error that the server is to blame for. */
  readonly surfaced: number
  readonly durationMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }
}

/** Long enough for a rate to mean something on a quiet service, short enough for an alert to end soon after its cause. */
const WINDOW_MS = 60_000

/** Two seconds each: what falls out of the window at once is never much of it. */
const SLICES = 30

/** The reasons of `connection.discarded` that are a loss; the others are housekeeping, which nothing need replace. */
const LOSSES: ReadonlySet<DiscardReason> = new Set(["died", "failed", "abandoned"])

/** Counts what it is told. Per statement a few increments, and nothing that grows. */
export class Metrics {
  readonly #lifetime = new Counters()
  readonly #window: SlidingWindow<Moments>
  /** Connections lost and not yet replaced. */
  #owed = 0
  #observerFailures = 0
  readonly #resolutions = { applied: 0, applied_locally: 0, not_applied: 0, unresolved: 0, late: 0 }

  constructor(clock: Clock) {
    this.#window = new SlidingWindow(clock, { windowMs: WINDOW_MS, slices: SLICES, make: () => new Moments() })
  }

  readonly observe: Observer = (event) => {
    switch (event.name) {
      case "query.succeeded":
        this.#settled(event.durationMs, event.firstFailure)
        break
      case "query.failed":
        this.#settled(event.durationMs, event.firstFailure ?? event.failure)
        if (event.failure.blame === "server") this.#window.current().surfaced += 1
        break
      case "query.retried":
        this.#window.current().retried += 1
        break
      case "connection.discarded":
        if (LOSSES.has(event.reason)) this.#owed += 1
        break
      case "connection.opened":
        if (this.#owed > 0) {
          this.#owed -= 1
          this.#count("reconnections")
        }
        break
      case "transaction.rolled-back":
        if (event.reason !== "caller" && event.reason !== "failed") this.#count("transaction_rollbacks")
        break
      case "pool.reset":
        this.#count("pool_resets")
        break
      case "effect.resolved":
        this.#resolutions[event.late ? "late" : event.effect] += 1
        break
      case "effect.unresolved":
        this.#resolutions.unresolved += 1
        break
      case "query.abandoned":
      case "connection.failed":
      case "connection.repaired":
      case "connection.silent":
      case "session.reset":
      case "pool.used-inside":
      case "transaction.held-too-long":
      case "connection.held-too-long":
      case "transaction.orphaned":
      case "transaction.committed":
      case "transaction.rerun":
      case "transaction.recovered":
      case "transaction.failed":
      case "operation.rerun":
      case "buggify.struck":
      case "pool.outage-began":
      case "pool.outage-ended":
      case "circuit.opened":
      case "circuit.half-opened":
      case "circuit.closed":
        break
    }
  }

  readonly observerFailed = (): void => {
    this.#observerFailures += 1
  }

  snapshot(): MetricsSnapshot {
    return Object.freeze({
      ...this.#lifetime.read(),
      observer_failures: this.#observerFailures,
      resolutions: Object.freeze({ ...this.#resolutions }),
      window: summary(this.#window.remembered()),
    })
  }

  #settled(durationMs: number, firstFailure: Failure | undefined): void {
    const moments = this.#window.current()
    moments.counters.total_queries += 1
    moments.durations.record(durationMs)
    this.#lifetime.total_queries += 1
    if (firstFailure?.blame !== "server") return
    moments.counters.failed_queries += 1
    this.#lifetime.failed_queries += 1
  }

  #count(name: keyof LifetimeCounters): void {
    this.#lifetime[name] += 1
    this.#window.current().counters[name] += 1
  }
}

class Counters implements LifetimeCounters {
  total_queries = 0
  failed_queries = 0
  reconnections = 0
  transaction_rollbacks = 0
  pool_resets = 0

  add(other: Counters): void {
    this.total_queries += other.total_queries
    this.failed_queries += other.failed_queries
    this.reconnections += other.reconnections
    this.transaction_rollbacks += other.transaction_rollbacks
    this.pool_resets += other.pool_resets
  }

  read(): LifetimeCounters & { readonly success_rate: number } {
    const { total_queries, failed_queries, reconnections, transaction_rollbacks, pool_resets } = this
    const success_rate = total_queries === 0 ? 1 : 1 - failed_queries / total_queries
    return { total_queries, failed_queries, reconnections, transaction_rollbacks, pool_resets, success_rate }
  }
}

/** One slice of the window. */
class Moments {
  counters = new Counters()
  readonly durations = new Histogram()
  retried = 0
  surfaced = 0

  clear(): void {
    this.counters = new Counters()
    this.durations.clear()
    this.retried = 0
    this.surfaced = 0
  }

  add(other: Moments): void {
    this.counters.add(other.counters)
    this.durations.merge(other.durations)
    this.retried += other.retried
    this.surfaced += other.surfaced
  }
}

function summary(slices: readonly Moments[]): WindowSnapshot {
  const sum = new Moments()
  for (const slice of slices) sum.add(slice)
  const { counters, durations, retried, surfaced } = sum
  return Object.freeze({
    windowMs: WINDOW_MS,
    ...counters.read(),
    retried,
    surfaced,
    durationMs: Object.freeze({
      p50: durations.quantile(0.5),
      p95: durations.quantile(0.95),
      p99: durations.quantile(0.99),
      max: durations.max,
    }),
  })
}
