import { allResults, lastResult, mapSettled, refuse } from "@kysely-resilient/driver/src/execution/settled.ts"
import { refused } from "@kysely-resilient/driver/src/failure/local.ts"
import { Exchange } from "@kysely-resilient/driver/src/postgres/exchange.ts"
import { describe, expect, it } from "vitest"

const failure = refused({ why: "No" })

describe("mapSettled", () => {
  it("maps what was computed, and leaves the rest", () => {
    expect(mapSettled({ ok: true, value: 2, attempts: 3 }, (n) => n * 2)).toEqual({ ok: true, value: 4, attempts: 3 })
  })

  it("maps the value of a failure that is applied locally, and gives no value where there is none", () => {
    const failed = { ok: false, failure, attempts: 2, because: "not-transient" } as const
    expect(mapSettled({ ...failed, value: 2 }, (n) => n * 2)).toEqual({ ...failed, value: 4 })
    const mapped = mapSettled<number, number>(failed, () => expect.unreachable("there is nothing to map"))
    expect(mapped).toEqual(failed)
    expect("value" in mapped).toBe(false)
  })
})

it("what is refused was never tried", () => {
  expect(refuse(failure)).toEqual({ ok: false, failure, attempts: 0, because: "not-transient" })
})

describe("what a caller sees of an exchange", () => {
  const exchange = (...tags: string[]): Exchange => {
    const answered = new Exchange({ protocol: "simple", sql: "" })
    for (const text of tags) answered.handleCommandComplete({ text })
    return answered
  }

  it("is the last of several replies, or all of them", () => {
    const answered = exchange("INSERT 0 3", "DELETE 2")
    const [first, last] = [
      { rows: [], command: "INSERT", affected: 3n },
      { rows: [], command: "DELETE", affected: 2n },
    ]
    expect(lastResult(answered)).toEqual(last)
    expect(allResults(answered)).toEqual([first, last])
  })

  it("is nothing where there was no reply", () => {
    expect(lastResult(exchange())).toEqual({ rows: [], command: "", affected: undefined })
    expect(allResults(exchange())).toEqual([])
  })
})
