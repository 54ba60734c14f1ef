import { DURATION_BOUNDS_MS, type DriverSnapshot } from "@kysely-resilient/driver"

/** How long callers waited for a connection, of late. */
export interface RecentWaits {
  /** Those who got one. */
  readonly count: number
  /** Those of them who waited for longer than `LONG_WAIT_MS`. */
  readonly long: number
  readonly sumMs: number
  /** In how many looks, a second or more from each other, some had waited for so long since the one before. */
  readonly spells: number
  /** How far back it reaches. */
  readonly overMs: number
}

/** Longer than most statements take: from here on it is the line that callers notice. One of the histogram's bounds. */
export const LONG_WAIT_MS = 100

const NONE: RecentWaits = { count: 0, long: 0, sumMs: 0, spells: 0, overMs: 0 }

/** As the window of the metrics. */
const WINDOW_MS = 60_000

/** More often there is nothing new that matters. */
const SAMPLE_EVERY_MS = 1_000

interface Sample {
  readonly at: number
  readonly count: number
  readonly long: number
  readonly sumMs: number
}

/** Makes a minute of what the driver counts from its beginning on: what has come since somebody looked, as long as somebody looks. */
export class WaitWindow {
  #samples: readonly Sample[]

  /** @param now when the driver began to count */
  constructor(now: number) {
    this.#samples = [{ at: now, count: 0, long: 0, sumMs: 0 }]
  }

  look({ wait }: Pick<DriverSnapshot["times"], "wait">, now: number): RecentWaits {
    const sample = { at: now, count: wait.count, long: longer(wait.buckets), sumMs: wait.sumMs }
    // What came before a long silence is not of late.
    const recent = this.#samples.filter(({ at }) => now - at < 2 * WINDOW_MS)
    // The last one that is older than the window is where the window begins.
    const begun = recent.findLastIndex(({ at }) => now - at >= WINDOW_MS)
    const kept = begun < 0 ? recent : recent.slice(begun)
    const last = kept.at(-1)
    this.#samples = last === undefined || now - last.at >= SAMPLE_EVERY_MS ? [...kept, sample] : kept
    const [first] = kept
    if (first === undefined) return NONE
    return {
      count: sample.count - first.count,
      long: sample.long - first.long,
      sumMs: sample.sumMs - first.sumMs,
      spells: [...kept, sample].filter(({ long }, nth, all) => long > (all[nth - 1]?.long ?? long)).length,
      overMs: now - first.at,
    }
  }
}

function longer(buckets: readonly number[]): number {
  const from = DURATION_BOUNDS_MS.indexOf(LONG_WAIT_MS) + 1
  return buckets.slice(from).reduce((sum, count) => sum + count, 0)
}
