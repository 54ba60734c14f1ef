import { failed, type Failure, type Outcome } from "../failure/failure.ts"
import type { Clock, Random } from "../foundation/clock.ts"
import type { Breaker } from "../policy/breaker.ts"
import type { Observer } from "../telemetry/events.ts"
import type { PoolTimes } from "../telemetry/pool-times.ts"
import { afterFailedOpening, afterOpening, HANGS_MS, noOutage, type Outage } from "./outage.ts"
import { diedAtBirth, openingThrew } from "./pool-failure.ts"
import type { Resources } from "./resources.ts"
import { lifetimeMs, type Slot } from "./slot.ts"

interface OpeningsParts<T> {
  readonly options: { readonly maxLifetimeMs: number }
  readonly resources: Resources<T>
  readonly clock: Clock
  readonly random: Random
  readonly observer: Observer
  readonly times: PoolTimes
  readonly breaker: Breaker
  readonly outageDelayMs: (attempt: number, outageMs: number) => number
}

interface OpeningsOwner<T> {
  /** How many are open, idle or in use. */
  readonly live: () => number
  readonly opened: (slot: Slot<T>, now: number) => void
  /** `hopeless`: nothing is open and no waiting will help. */
  readonly failed: (failure: Failure, hopeless: boolean, now: number) => void
  readonly lost: (resource: T) => void
}

/** One that is under way. */
interface Flight {
  readonly generation: number
  readonly startedAt: number
  /** Somebody counts on it. */
  promising: boolean
  /** It belongs to what has been given up since. */
  disowned: boolean
}

/** What is thought of how long one takes, at least and at most. */
const OPENING_LEAST_MS = 50
const OPENING_MOST_MS = 500

/**
 * What is being opened, and what its failures say about the world. Nobody can call an opening back; one that was
 * disowned takes its place until it ends, but nobody counts on it, and what it says about the world is old news. So is
 * one that still hangs when another has been opened that was begun much later.
 */
export class Openings<T> {
  readonly #parts: OpeningsParts<T>
  readonly #owner: OpeningsOwner<T>
  /** In the order of their beginning. */
  readonly #flights = new Set<Flight>()
  #promising = 0
  #openingMs: number | undefined
  #outage: Outage = noOutage
  #proven = false
  /** What fails from now on fails because nobody wants it any more. */
  #closed = false

  constructor(parts: OpeningsParts<T>, owner: OpeningsOwner<T>) {
    this.#parts = parts
    this.#owner = owner
  }

  /** All that are under way. */
  get size(): number {
    return this.#flights.size
  }

  /** Those whose outcome will be of use. */
  get promising(): number {
    return this.#promising
  }

  get youngestBegunAt(): number {
    let youngest = Number.NEGATIVE_INFINITY
    if (this.#flights.size > 0) for (const { startedAt } of this.#flights) youngest = startedAt
    return youngest
  }

  /** One that was begun so long before somebody leaves is there in time, as far as is known; undefined if nothing is. */
  get openingMs(): number | undefined {
    return this.#openingMs
  }

  get outage(): Outage {
    return this.#outage
  }

  /** Has something been opened, since the beginning or the last `doubt`? */
  get proven(): boolean {
    return this.#proven
  }

  /** One was lost: perhaps nothing can be opened any more. */
  doubt(): void {
    this.#proven = false
  }

  open(generation: number): void {
    const { clock, resources } = this.#parts
    const flight: Flight = { generation, startedAt: clock.now(), promising: true, disowned: false }
    this.#flights.add(flight)
    this.#promising += 1
    this.#parts.breaker.probeBegan()
    const landed = (outcome: Outcome<T>): void => this.#landed(outcome, flight)
    const opening = resources.open((resource) => this.#owner.lost(resource))
    opening.then(landed, (cause: unknown) => landed(failed(openingThrew(cause))))
  }

  close(): void {
    this.#closed = true
    this.disown()
  }

  disown(): void {
    for (const flight of this.#flights) {
      flight.disowned = true
      this.#countOut(flight)
    }
    this.#parts.breaker.probeFailed()
  }

  #countOut(flight: Flight): void {
    if (!flight.promising) return
    flight.promising = false
    this.#promising -= 1
  }

  #landed(outcome: Outcome<T>, flight: Flight): void {
    const { clock, observer, resources } = this.#parts
    const now = clock.now()
    const told = { at: clock.wallTime(), durationMs: now - flight.startedAt }

    // It counts as under way until everybody has been told, for an observer may ask the pool for something.
    if (outcome.ok && resources.reusable(outcome.value)) {
      const slot = this.#slotFor(outcome.value, flight.generation, now)
      this.#parts.times.created(told.durationMs)
      observer({ ...told, name: "connection.opened", connectionId: slot.id })
      if (!flight.disowned) {
        this.#proven = true
        this.#become(afterOpening(this.#outage, now), now)
        this.#parts.breaker.succeeded()
        this.#openingMs = Math.min(OPENING_MOST_MS, Math.max(OPENING_LEAST_MS, 2 * told.durationMs))
        for (const other of this.#flights) if (other.startedAt <= flight.startedAt - HANGS_MS) this.#countOut(other)
      }
      this.#end(flight)
      return this.#owner.opened(slot, now)
    }
    if (outcome.ok) resources.close(outcome.value, "died")
    const failure = outcome.ok ? diedAtBirth() : outcome.failure
    if (!this.#closed) observer({ ...told, name: "connection.failed", failure })
    const live = this.#owner.live()
    const { promising } = flight
    if (promising) {
      this.#become(afterFailedOpening(this.#outage, { failure, live, now, delayMs: this.#parts.outageDelayMs }), now)
      // A server that is only full serves those whom we have.
      if (this.#outage.state === "unreachable") this.#parts.breaker.failed(failure)
      if (this.#promising === 1) this.#parts.breaker.probeFailed()
    }
    const hopeless = promising && this.#outage.state === "refused" && live === 0
    this.#end(flight)
    this.#owner.failed(failure, hopeless, now)
  }

  #end(flight: Flight): void {
    this.#countOut(flight)
    this.#flights.delete(flight)
  }

  #slotFor(resource: T, generation: number, now: number): Slot<T> {
    const { options, random, resources } = this.#parts
    return {
      resource,
      id: resources.idOf(resource),
      generation,
      expiresAt: now + lifetimeMs(options.maxLifetimeMs, random()),
      openedAt: now,
      idleSince: now,
      provenAt: now,
      leasedAt: now,
      uses: 0,
      lost: false,
      resting: false,
    }
  }

  #become(outage: Outage, now: number): void {
    const { clock, observer } = this.#parts
    const before = this.#outage
    this.#outage = outage
    if (before.state === outage.state) return
    if (before.state === "unreachable") {
      observer({ at: clock.wallTime(), name: "pool.outage-ended", durationMs: now - before.since })
    }
    if (outage.state === "unreachable") {
      observer({ at: clock.wallTime(), name: "pool.outage-began", failure: outage.failure })
    }
  }
}
