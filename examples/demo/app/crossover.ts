/** What the market closed at on one day. */
export interface Close {
  /** yyyy-mm-dd */
  readonly day: string
  readonly close: number
}

/** A day on which the fast average passed the slow one: upwards is a reason to buy, downwards to sell. */
export interface Crossing {
  readonly day: string
  readonly side: "buy" | "sell"
  readonly close: number
}

/** A strategy: two moving averages, in trading days. */
export interface Averages {
  readonly fastDays: number
  readonly slowDays: number
}

/** Golden and death crosses in order of day. The first day on which both averages exist only sets the starting side. */
export function crossings(closes: readonly Close[], { fastDays, slowDays }: Averages): Crossing[] {
  const found: Crossing[] = []
  let fastSum = 0
  let slowSum = 0
  let before: Crossing["side"] | undefined
  closes.forEach(({ day, close }, index) => {
    fastSum += close - (closes[index - fastDays]?.close ?? 0)
    slowSum += close - (closes[index - slowDays]?.close ?? 0)
    if (index + 1 < slowDays) return
    const side = fastSum / fastDays > slowSum / slowDays ? "buy" : "sell"
    if (before !== undefined && side !== before) found.push({ day, side, close })
    before = side
  })
  return found
}
