import type { DailyPrice } from "../schema/prices.ts"
import { advise, type Advice, type Close } from "./app/advice.ts"
import type { Period } from "./app/market.ts"
import { STRATEGY } from "./app/signals.ts"

/** What the file itself says, computed without a database: what every answer is compared with. */
export class Truth {
  readonly closes: readonly Close[]
  /** Months that have prices, as periods. */
  readonly months: readonly Period[]
  readonly #prices: readonly DailyPrice[]
  readonly #advice: ReadonlyMap<string, Advice>

  constructor(prices: readonly DailyPrice[]) {
    this.#prices = prices
    this.closes = prices.map(({ day, close }) => ({ day, close: Number(close) }))
    this.months = [...new Set(prices.map(({ day }) => day.slice(0, 7)))].map((month) => ({
      from: `${month}-01`,
      to: lastDayOf(month),
    }))
    this.#advice = new Map(advise(this.closes, STRATEGY).map((advice) => [advice.day, advice]))
  }

  closesIn({ from, to }: Period): readonly Close[] {
    return this.closes.filter(({ day }) => day >= from && day <= to)
  }

  extremesIn({ from, to }: Period): { readonly days: number; readonly lowest: number; readonly highest: number } {
    const days = this.#prices.filter(({ day }) => day >= from && day <= to)
    return {
      days: days.length,
      lowest: Math.min(...days.map(({ low }) => Number(low))),
      highest: Math.max(...days.map(({ high }) => Number(high))),
    }
  }

  adviceIn({ from, to }: Period): readonly Advice[] {
    return [...this.#advice.values()].filter(({ day }) => day >= from && day <= to)
  }
}

export function sameCloses(found: readonly Close[], expected: readonly Close[]): boolean {
  return (
    found.length === expected.length &&
    found.every(({ day, close }, index) => day === expected[index]?.day && close === expected[index].close)
  )
}

/** Months whose stored signals are not exactly those that the file gives; `done` were acknowledged, others may be there or not. */
export function wrongMonths(truth: Truth, stored: readonly Advice[], done: ReadonlySet<string>): string[] {
  const byMonth = Map.groupBy(stored, ({ day }) => day.slice(0, 7))
  return truth.months
    .map(({ from, to }) => ({ month: from.slice(0, 7), expected: truth.adviceIn({ from, to }) }))
    .filter(({ month, expected }) => {
      const found = byMonth.get(month) ?? []
      return (found.length > 0 || done.has(month)) && !sameAdvice(found, expected)
    })
    .map(({ month }) => month)
}

function sameAdvice(found: readonly Advice[], expected: readonly Advice[]): boolean {
  return (
    found.length === expected.length &&
    found.every(({ day, kind, strength }, index) => {
      const one = expected[index]
      return day === one?.day && kind === one.kind && strength === one.strength
    })
  )
}

function lastDayOf(month: string): string {
  const [year = Number.NaN, number = Number.NaN] = month.split("-").map(Number)
  return new Date(Date.UTC(year, number, 0)).toISOString().slice(0, 10)
}
