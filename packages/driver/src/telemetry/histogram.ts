/** Below this the network's noise is larger than the number. Milliseconds. */
const LOWEST_MS = 0.05

/** Ten minutes: longer than anything that somebody still waits for. Milliseconds. */
const HIGHEST_MS = 600_000

/** Eight buckets per doubling: a quantile is at most 9.1 % too high, in 190 counters. */
const BUCKETS_PER_DOUBLING = 8

const LAST_BUCKET = Math.ceil(Math.log2(HIGHEST_MS / LOWEST_MS) * BUCKETS_PER_DOUBLING) + 1

/** A bucket's upper bound is at most this many times its lower one, and so a quantile of the value it stands for. */
export const BUCKET_RATIO: number = 2 ** (1 / BUCKETS_PER_DOUBLING)

/**
 * Durations in milliseconds, in fixed exponential buckets from 0.05 ms to 600 s: constant memory, no sorting, and two of
 * them add up to one, which is what makes a sliding window of them possible.
 */
export class Histogram {
  readonly #counts = new Uint32Array(LAST_BUCKET + 1)
  #count = 0
  #max = 0

  get count(): number {
    return this.#count
  }

  /** The largest value, exactly; 0 when empty. */
  get max(): number {
    return this.#max
  }

  record(valueMs: number): void {
    const bucket = bucketOf(valueMs)
    this.#counts[bucket] = this.#counts[bucket]! + 1
    this.#count += 1
    if (valueMs > this.#max) this.#max = valueMs
  }

  merge(other: Histogram): void {
    if (other.#count === 0) return
    for (let bucket = 0; bucket <= LAST_BUCKET; bucket += 1) this.#counts[bucket]! += other.#counts[bucket]!
    this.#count += other.#count
    if (other.#max > this.#max) this.#max = other.#max
  }

  clear(): void {
    if (this.#count === 0) return
    this.#counts.fill(0)
    this.#count = 0
    this.#max = 0
  }

  /** A value that at least the share `q` (0 to 1) of all recorded ones does not exceed; 0 when empty. */
  quantile(q: number): number {
    const rank = Math.max(1, Math.ceil(q * this.#count))
    let seen = 0
    for (let bucket = 0; bucket < LAST_BUCKET; bucket += 1) {
      seen += this.#counts[bucket]!
      if (seen >= rank) return Math.min(upperBound(bucket), this.#max)
    }
    return this.#max
  }
}

/** Bucket 0 holds all up to the lowest bound, the last one all above the highest. What is not a number goes to 0. */
function bucketOf(valueMs: number): number {
  if (!(valueMs > LOWEST_MS)) return 0
  return Math.min(Math.ceil(Math.log2(valueMs / LOWEST_MS) * BUCKETS_PER_DOUBLING), LAST_BUCKET)
}

function upperBound(bucket: number): number {
  return LOWEST_MS * 2 ** (bucket / BUCKETS_PER_DOUBLING)
}
