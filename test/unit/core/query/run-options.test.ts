import { readRunOptions, readStreamOptions } from "@kysely-resilient/core/src/query/run-options.ts"
import { readTransactionOptions } from "@kysely-resilient/core/src/query/transaction-options.ts"
import { describe, expect, it } from "vitest"

/** As JavaScript passes them, where types do not forbid it. */
const read = (options: object): unknown => Reflect.apply(readRunOptions, undefined, [options])
const readFor = (options: object): unknown => Reflect.apply(readTransactionOptions, undefined, [options, 1_000])

describe("the options of a call", () => {
  it("are taken as they are", () => {
    const { signal } = new AbortController()
    const said = { signal, timeoutMs: 5, readOnly: true, idempotent: false }
    expect(readRunOptions({ ...said, name: "n", retry: { attemptsMax: 2 } })).toEqual({
      ok: true,
      value: { ...said, label: "n", retry: { attemptsMax: 2 } },
    })
    expect(readRunOptions({ retry: false })).toEqual({ ok: true, value: { retry: false } })
    expect(readRunOptions({ retry: {} })).toEqual({ ok: true, value: {} })
  })

  it.each([
    [{ timeoutMs: Number.NaN }, "timeoutMs must be milliseconds above 0; it is NaN"],
    [{ signal: {} }, "signal must be an AbortSignal; it is an object"],
    [
      { signal: { aborted: false, addEventListener: 1, removeEventListener: 1 } },
      "signal must be an AbortSignal; it is an object",
    ],
    [{ name: {} }, "name must be a string; it is an object"],
    [{ readOnly: "yes" }, "readOnly must be true or false; it is a string"],
    [{ idempotent: 1 }, "idempotent must be true or false; it is 1"],
    [{ retry: { attemptsMax: 0 } }, "retry.attemptsMax must be a whole number above 0; it is 0"],
    [{ retry: { attemptsMax: Number.NaN } }, "retry.attemptsMax must be a whole number above 0; it is NaN"],
  ])("%o is refused", (options, refused) => {
    expect(read(options)).toEqual({ ok: false, refused })
  })

  it("of a stream have a size of their chunks", () => {
    expect(readStreamOptions({ chunkSize: 0.5 })).toMatchObject({ ok: false })
    expect(readStreamOptions({ chunkSize: 7 })).toMatchObject({ ok: true, value: { chunkSize: 7 } })
  })
})

describe("the options of a transaction", () => {
  it.each([
    [{ name: 1 }, "name must be a string; it is 1"],
    [{ deferrable: "yes" }, "deferrable must be true or false; it is a string"],
    [{ retry: { attemptsMax: 1.5 } }, "retry.attemptsMax must be a whole number above 0; it is 1.5"],
  ])("%o is refused", (options, refused) => {
    expect(readFor(options)).toEqual({ ok: false, refused })
  })
})
