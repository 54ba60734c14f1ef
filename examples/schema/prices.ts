import { readFile } from "node:fs/promises"
import type { Insertable } from "kysely"
import type { Prices } from "./schema.gen.ts"

/**
 * One day's prices, still without the instrument that they belong to. Decimals stay text: nothing is lost to floating
 * point.
 */
export type DailyPrice = Omit<Insertable<Prices>, "instrument_id"> & {
  readonly day: string
  readonly open: string
  readonly high: string
  readonly low: string
  readonly close: string
  readonly volume: string
}

export const sp500 = { symbol: "^GSPC", name: "S&P 500" } as const

/** 5,105 trading days of the S&P 500, 2000-01-03 to 2020-04-17, oldest first; from the vega-datasets package. */
export async function readPrices(): Promise<readonly DailyPrice[]> {
  return parsePrices(await readFile(new URL("../data/sp500-2000.csv", import.meta.resolve("vega-datasets")), "utf8"))
}

const columns = "date,open,high,low,close,adjclose,volume"
const line =
  /^(?<day>\d{4}-\d\d-\d\d),(?<open>\d+\.\d+),(?<high>\d+\.\d+),(?<low>\d+\.\d+),(?<close>\d+\.\d+),[^,]+,(?<volume>\d+)$/

/** An error names the first line that is not a day's prices: better no data than wrong data. */
export function parsePrices(csv: string): readonly DailyPrice[] {
  const [header, ...lines] = csv.trimEnd().split(/\r?\n/)
  if (header !== columns) throw new Error(`Expected the columns ${columns}, found ${header}`)
  return lines.map((text, index) => {
    const { day, open, high, low, close, volume } = line.exec(text)?.groups ?? {}
    if (!day || !open || !high || !low || !close || !volume) {
      throw new Error(`Line ${index + 2} is not a day's prices: ${text}`)
    }
    return { day, open, high, low, close, volume }
  })
}
