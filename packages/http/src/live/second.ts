import { Histogram, type DriverEvent, type PoolTimesSnapshot } from "@kysely-resilient/driver"

import type { LiveSecond } from "./messages.ts"

/** Counts what ends between two samples. */
export class Second {
  readonly #durations = new Histogram()
  #failed = 0
  #waits: { readonly count: number; readonly sumMs: number } = { count: 0, sumMs: 0 }

  hear(event: DriverEvent): void {
    if (event.name === "query.succeeded") {
      this.#durations.record(event.durationMs)
      if (event.firstFailure?.blame === "server") this.#failed += 1
    } else if (event.name === "query.failed") {
      this.#durations.record(event.durationMs)
      if ((event.firstFailure ?? event.failure).blame === "server") this.#failed += 1
    }
  }

  /** What was counted since this was asked last. */
  take({ wait }: Pick<PoolTimesSnapshot, "wait">): LiveSecond {
    const durations = this.#durations
    const before = this.#waits
    const acquired = wait.count - before.count
    const second = {
      queries: durations.count,
      failed: this.#failed,
      p50_s: seconds(durations.quantile(0.5)),
      p95_s: seconds(durations.quantile(0.95)),
      p99_s: seconds(durations.quantile(0.99)),
      max_s: seconds(durations.max),
      acquired,
      wait_s: acquired === 0 ? 0 : seconds((wait.sumMs - before.sumMs) / acquired),
    }
    durations.clear()
    this.#failed = 0
    this.#waits = wait
    return second
  }
}

/** To the tenth of a millisecond. */
export function seconds(ms: number): number {
  return Math.round(ms * 10) / 10_000
}
