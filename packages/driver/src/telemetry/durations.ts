/**
 * The upper bounds that OpenTelemetry advises for what a database client takes, in milliseconds. What is above the last has a
 * bucket of its own.
 */
export const DURATION_BOUNDS_MS: readonly number[] = Object.freeze([1, 5, 10, 50, 100, 500, 1_000, 5_000, 10_000])

/** A histogram of durations since the beginning, milliseconds. */
export interface DurationsSnapshot {
  readonly count: number
  readonly sumMs: number
  /** How many were at most as long as each of `DURATION_BOUNDS_MS` and longer than the one before; the last: longer than all. */
  readonly buckets: readonly number[]
}

/** Counts durations. It allocates nothing but in `read`, and never forgets. */
export class Durations {
  readonly #buckets = new Float64Array(DURATION_BOUNDS_MS.length + 1)
  #count = 0
  #sumMs = 0

  record(durationMs: number): void {
    let bucket = 0
    while (bucket < DURATION_BOUNDS_MS.length && durationMs > DURATION_BOUNDS_MS[bucket]!) bucket += 1
    this.#buckets[bucket]! += 1
    this.#count += 1
    this.#sumMs += durationMs
  }

  read(): DurationsSnapshot {
    return Object.freeze({ count: this.#count, sumMs: this.#sumMs, buckets: Object.freeze([...this.#buckets]) })
  }
}
