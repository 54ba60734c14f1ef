/** What the market closed at on one day. */
export interface Close {
  /** yyyy-mm-dd */
  readonly day: string
  readonly close: number
}

export interface Advice {
  readonly day: string
  /** `buy` on the day the fast average rises above the slow one, `sell` on the day it falls below, else `hold`. */
  readonly kind: "buy" | "sell" | "hold"
  /** How far apart the averages are, from 0 to 1. */
  readonly strength: number
}

/** Two moving averages, in trading days. */
export interface Averages {
  readonly fastDays: number
  readonly slowDays: number
}

/** Averages that are five per cent apart are as far apart as it gets. */
const FULL_STRENGTH_RATIO = 0.05

/**
 * One advice for each day that has `slowDays` of history. Each average is summed up afresh, so a day's advice is the same to the
 * last digit however much history was read in front of it.
 */
export function advise(closes: readonly Close[], { fastDays, slowDays }: Averages): Advice[] {
  let before: boolean | undefined
  return closes.slice(slowDays - 1).map(({ day }, index) => {
    const end = index + slowDays
    const fast = mean(closes, end - fastDays, end)
    const slow = mean(closes, end - slowDays, end)
    const above = fast > slow
    const crossed = before !== undefined && above !== before
    before = above
    return {
      day,
      kind: crossed ? (above ? "buy" : "sell") : "hold",
      strength: Math.min(1, Math.abs(fast - slow) / slow / FULL_STRENGTH_RATIO),
    }
  })
}

function mean(closes: readonly Close[], from: number, to: number): number {
  let sum = 0
  for (let index = from; index < to; index++) sum += closes[index]!.close
  return sum / (to - from)
}
