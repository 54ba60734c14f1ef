import { setTimeout as sleep } from "node:timers/promises"

import type { Desk } from "./desk.ts"
import type { Job } from "./jobs/job.ts"
import { mistakes } from "./jobs/mistakes.ts"
import { reads } from "./jobs/reads.ts"
import { sessions } from "./jobs/sessions.ts"
import { streams } from "./jobs/streams.ts"
import { transactions } from "./jobs/transactions.ts"
import { transfers } from "./jobs/transfers.ts"
import { writes } from "./jobs/writes.ts"
import { pickWeighted, seededRandom } from "./random.ts"
import type { Store } from "./store.ts"

const JOBS: readonly Job[] = [...reads, ...streams, ...writes, ...transfers, ...transactions, ...sessions, ...mistakes]

/** Enough pause for a machine with two processors to do something else in between. */
const THINK_MS = 20

export interface CrewOptions {
  readonly store: Store
  readonly desk: Desk
  readonly seed: number
  readonly workers: number
}

/** Callers at work, all at once, until they are told to rest. Worker 0 is whoever plays the faults. */
export class Crew {
  readonly #options: CrewOptions
  readonly #rest = new AbortController()
  readonly #working: Promise<void>[] = []

  constructor(options: CrewOptions) {
    this.#options = options
  }

  start(): void {
    for (let worker = 1; worker <= this.#options.workers; worker += 1) this.#working.push(this.#work(worker))
  }

  /** No new operation from now on; false if somebody still had no answer after `limitMs`. */
  async rest(limitMs: number): Promise<boolean> {
    this.#rest.abort()
    const all = Promise.all(this.#working).then(() => true)
    return Promise.race([all, sleep(limitMs, false, { ref: false })])
  }

  async #work(worker: number): Promise<void> {
    const { store, desk, seed } = this.#options
    // Far apart, so that neighbouring seeds share no worker.
    const random = seededRandom(seed * 1_009 + worker)
    while (!this.#rest.signal.aborted) {
      await pickWeighted(random, JOBS).run({ worker, store, desk, random })
      await sleep(random() * THINK_MS)
    }
  }
}
