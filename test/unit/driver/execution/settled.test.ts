import { mapSettled, refuse, resultOf } from "@kysely-resilient/driver/src/execution/settled.ts"
import { refused } from "@kysely-resilient/driver/src/failure/local.ts"
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

describe("resultOf", () => {
  it("takes what a caller sees of a reply", () => {
    const reply = { rows: [{ a: 1 }], command: "SELECT", affected: 1n, suspended: true }
    expect(resultOf(reply)).toEqual({ rows: [{ a: 1 }], command: "SELECT", affected: 1n })
  })

  it("is nothing where there was no reply", () => {
    expect(resultOf(undefined)).toEqual({ rows: [], command: "", affected: undefined })
  })
})
