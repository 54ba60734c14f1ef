import { acquired, released, type PoolMessage } from "./channels.ts"
import { Durations, type DurationsSnapshot } from "./durations.ts"
import type { DatabaseIdentity } from "./identity.ts"

/** How long the pool's connections took, since the beginning. */
export interface PoolTimesSnapshot {
  /** From asking for a connection to having it; those who got none are not in it. */
  readonly wait: DurationsSnapshot
  /** From having it to giving it back. */
  readonly use: DurationsSnapshot
  /** From beginning to open one until it could be used. */
  readonly create: DurationsSnapshot
  /** Those who waited in vain until a limit: of the pool, of an outage, or their own deadline. */
  readonly timeouts: number
}

/** Told by the pool itself, in numbers: an event for each would cost more than the counting. */
export class PoolTimes {
  readonly #database: DatabaseIdentity
  readonly #wait = new Durations()
  readonly #use = new Durations()
  readonly #create = new Durations()
  #timeouts = 0

  constructor(database: DatabaseIdentity) {
    this.#database = database
  }

  waited(durationMs: number): void {
    this.#wait.record(durationMs)
    if (acquired.hasSubscribers) acquired.publish(this.#message(durationMs))
  }

  used(durationMs: number): void {
    this.#use.record(durationMs)
    if (released.hasSubscribers) released.publish(this.#message(durationMs))
  }

  created(durationMs: number): void {
    this.#create.record(durationMs)
  }

  timedOut(): void {
    this.#timeouts += 1
  }

  read(): PoolTimesSnapshot {
    const [wait, use, create] = [this.#wait.read(), this.#use.read(), this.#create.read()]
    return Object.freeze({ wait, use, create, timeouts: this.#timeouts })
  }

  #message(durationMs: number): PoolMessage {
    return { database: this.#database, durationMs }
  }
}
