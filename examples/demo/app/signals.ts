import { err } from "neverthrow"

import { advise, type Averages, type Close } from "./advice.ts"
import type { Entry } from "./journal.ts"
import type { Period } from "./market.ts"
import type { Named, Store } from "./store.ts"

/** The strategy that the application follows. */
export const STRATEGY: Averages = { fastDays: 10, slowDays: 30 }

/** Calendar days that surely hold `slowDays` trading days and one more: an exchange was never closed for two weeks in between. */
const HISTORY_DAYS = 70
const DAY_MS = 86_400_000

/** Computes the signals of a period afresh and puts them in the place of those that are there. */
export function signalPeriod(store: Store, instrument: number, period: Period, entry: Entry, { name }: Named) {
  return store.transaction(
    async (tx) => {
      const prices = await tx.all(
        tx
          .selectFrom("prices")
          .select(["day", "close"])
          .where("instrument_id", "=", instrument)
          .where("day", ">=", daysBefore(period.from, HISTORY_DAYS))
          .where("day", "<=", period.to)
          .orderBy("day"),
      )
      if (prices.isErr()) return err(prices.error)

      const cleared = await tx.exec(
        tx
          .deleteFrom("signals")
          .where("instrument_id", "=", instrument)
          .where("day", ">=", period.from)
          .where("day", "<=", period.to),
      )
      if (cleared.isErr()) return cleared

      const closes = prices.value.map(({ day, close }): Close => ({ day, close: Number(close) }))
      const advice = advise(closes, STRATEGY).filter(({ day }) => day >= period.from)
      if (advice.length > 0) {
        const stored = await tx.exec(
          tx.insertInto("signals").values(
            advice.map((one) => ({
              ...one,
              instrument_id: instrument,
              closes: closes
                .filter(({ day }) => day <= one.day)
                .slice(-STRATEGY.fastDays)
                .map(({ close }) => close),
              detail: JSON.stringify(STRATEGY),
            })),
          ),
        )
        if (stored.isErr()) return stored
      }
      return tx.exec(tx.insertInto("ledger").values(entry))
    },
    { name },
  )
}

function daysBefore(day: string, days: number): string {
  return new Date(Date.parse(day) - days * DAY_MS).toISOString().slice(0, 10)
}
