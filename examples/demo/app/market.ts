import { err, ok, type Result } from "neverthrow"

import { sp500, type DailyPrice } from "../../schema/prices.ts"
import type { Close } from "./advice.ts"
import type { Named, Store, StoreError } from "./store.ts"

/** Rows per INSERT; each brings seven parameters, and a statement takes at most 65,535. */
const ROWS_PER_INSERT = 1_000

/** Rows that the server sends at a time while prices are streamed. */
const CHUNK_ROWS = 500

export interface Period {
  /** yyyy-mm-dd, both included */
  readonly from: string
  readonly to: string
}

/** All or nothing: an instrument with half of its prices is worse than none. */
export function loadPrices(store: Store, prices: readonly DailyPrice[]) {
  return store.transaction(
    async (tx) => {
      const instrument = await tx.one(tx.insertInto("instruments").values(sp500).returning("id"))
      if (instrument.isErr()) return instrument
      for (let start = 0; start < prices.length; start += ROWS_PER_INSERT) {
        const rows = prices.slice(start, start + ROWS_PER_INSERT)
        const stored = await tx.exec(
          tx.insertInto("prices").values(rows.map((row) => ({ ...row, instrument_id: instrument.value.id }))),
        )
        if (stored.isErr()) return err(stored.error)
      }
      return ok(instrument.value.id)
    },
    { name: "load prices" },
  )
}

export function closesIn(store: Store, instrument: number, { from, to }: Period, options: Named) {
  return store
    .all(
      store
        .selectFrom("prices")
        .select(["day", "close"])
        .where("instrument_id", "=", instrument)
        .where("day", ">=", from)
        .where("day", "<=", to)
        .orderBy("day"),
      options,
    )
    .map((rows) => rows.map(toClose))
}

/** Best and worst of a period. */
export function extremesIn(store: Store, instrument: number, { from, to }: Period, options: Named) {
  return store.one(
    store
      .selectFrom("prices")
      .select(({ fn }) => [fn.countAll<bigint>().as("days"), fn.min("low").as("lowest"), fn.max("high").as("highest")])
      .where("instrument_id", "=", instrument)
      .where("day", ">=", from)
      .where("day", "<=", to),
    options,
  )
}

/** Every close there is, a chunk at a time; for whoever does not want twenty years in memory at once. */
export async function streamCloses(
  store: Store,
  instrument: number,
  take: (close: Close) => void,
  options: Named,
): Promise<Result<void, StoreError>> {
  const closes = store
    .selectFrom("prices")
    .select(["day", "close"])
    .where("instrument_id", "=", instrument)
    .orderBy("day")
  for await (const row of store.stream(closes, { ...options, chunkSize: CHUNK_ROWS })) {
    if (row.isErr()) return err(row.error)
    take(toClose(row.value))
  }
  return ok(undefined)
}

function toClose({ day, close }: { readonly day: string; readonly close: string }): Close {
  return { day, close: Number(close) }
}
