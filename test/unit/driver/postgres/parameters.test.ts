import { prepareParameters, refuseText } from "@kysely-resilient/driver/src/postgres/parameters.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyText } from "../../../support/any-text.ts"

describe("what is refused before it is sent", () => {
  const cyclic: Record<string, unknown> = {}
  cyclic["self"] = cyclic

  it.each<[string, unknown, RegExp]>([
    ["a NUL", "a\0b", /\$2 contains a NUL/],
    ["a NUL in a JSON object's text", { toPostgres: () => "a\0b" }, /\$2 contains a NUL/],
    ["a high surrogate alone", "a\ud800", /\$2 contains a lone surrogate/],
    ["a low surrogate alone", "\udc00a", /\$2 contains a lone surrogate/],
    ["an invalid Date", new Date(Number.NaN), /\$2 is an invalid Date/],
    ["an invalid Date of another realm", realmDate(), /\$2 is an invalid Date/],
    ["a function", () => 1, /\$2 is a function, which has no form/],
    ["a symbol", Symbol("x"), /\$2 is a symbol, which has no form/],
    ["an object whose toJSON gives nothing", { toJSON: () => undefined }, /\$2 cannot be serialised: its toJSON gives/],
    ["something cyclic", cyclic, /\$2 cannot be serialised: Converting circular/],
    ["a bigint in an object", { n: 1n }, /\$2 cannot be serialised/],
    [
      "an object whose conversion throws",
      {
        toPostgres() {
          throw new Error("secret")
        },
      },
      /\$2 cannot be serialised: its own conversion/,
    ],
  ])("%s", (_, value, message) => {
    const prepared = prepareParameters([1, value])
    expect(prepared).toMatchObject({ refused: expect.stringMatching(message) })
  })

  it("more parameters than the protocol can count, and only then", () => {
    const many = (length: number): unknown[] => Array.from({ length }, () => 1)
    expect(prepareParameters(many(65_535))).toHaveLength(65_535)
    expect(prepareParameters(many(65_536))).toMatchObject({
      refused: expect.stringContaining("65536 parameters in one statement; the protocol carries at most 65535"),
    })
  })

  it("more bytes than PostgreSQL takes in one message, and only then", () => {
    const half = Buffer.allocUnsafeSlow(2 ** 29 - 1)
    expect(prepareParameters([half, half])).toHaveLength(2)
    expect(prepareParameters([half, half, "11"])).toMatchObject({
      refused: expect.stringMatching(/take 1073741824 bytes/),
    })
  })

  it("says why, and keeps the cause, without the value", () => {
    const prepared = prepareParameters([{ toJSON: () => explode("4711") }])
    expect(prepared).toMatchObject({ cause: expect.any(Error) })
    expect("refused" in prepared && prepared.refused).not.toContain("4711")
    expect("refused" in prepared && prepared.refused).toContain(
      "its own conversion (toJSON, toPostgres or toString) threw",
    )
  })

  it("what throws when it is looked at", () => {
    const explosive = (): never => {
      throw new Error("hands off")
    }
    class TimelessDate extends Date {
      override getTime = explosive
    }
    const { proxy: revoked, revoke } = Proxy.revocable({}, {})
    revoke()
    const cannotBeRead = { refused: expect.stringMatching(/^The parameters cannot be read/) }
    expect(prepareParameters(Object.defineProperty([1], 0, { get: explosive }))).toMatchObject(cannotBeRead)
    expect(prepareParameters(new Proxy([1], { get: explosive }))).toMatchObject(cannotBeRead)
    expect(prepareParameters([new TimelessDate()])).toMatchObject(cannotBeRead)
    expect(prepareParameters([revoked])).toMatchObject({ refused: expect.stringMatching(/^Parameter \$1 cannot be/) })
    const throwsOne = {
      toJSON: () => {
        throw revoked
      },
    }
    expect(prepareParameters([throwsOne])).toMatchObject({ refused: expect.stringMatching(/its own conversion/) })
  })

  it("a text with a NUL or a lone surrogate", () => {
    expect(refuseText("select '\0'")).toMatchObject({ refused: expect.stringMatching(/The SQL text contains a NUL/) })
    expect(refuseText("select '\ud800'")).toMatchObject({ refused: expect.stringMatching(/a lone surrogate/) })
    expect(refuseText("select '😀'")).toBeUndefined()
  })
})

describe("what is sent", () => {
  it("is text, bytes or null", () => {
    const bytes = Buffer.from([1, 2])
    expect(
      prepareParameters(["a", 1, 1.5, 2n ** 70n, true, null, undefined, bytes, { a: 1 }, [1, "x", null], new Date(0)]),
    ).toEqual([
      "a",
      "1",
      "1.5",
      "1180591620717411303424",
      "true",
      null,
      null,
      bytes,
      '{"a":1}',
      '{"1","x",NULL}',
      expect.stringMatching(/^(1970-01-01|1969-12-31)T/),
    ])
  })

  it("property: text and bytes travel as they are, unless they cannot travel at all", () => {
    const value = fc.oneof(
      anyText(8),
      fc.uint8Array().map((bytes) => Buffer.from(bytes)),
    )
    fc.assert(
      fc.property(fc.array(value, { maxLength: 5 }), (values) => {
        const prepared = prepareParameters(values)
        const sendable = values.every((one) => typeof one !== "string" || (!one.includes("\0") && one.isWellFormed()))
        const arrived = "refused" in prepared ? prepared.refused : prepared.every((one, index) => one === values[index])
        if (sendable) expect(arrived).toBe(true)
        else expect(arrived).toMatch(/ contains a /)
      }),
    )
  })

  it("property: whatever it is given, it answers and does not throw", () => {
    fc.assert(
      fc.property(
        fc.array(fc.anything({ withBigInt: true, withDate: true, withNullPrototype: true, withTypedArray: true })),
        (values) => {
          const prepared = prepareParameters(values)
          if ("refused" in prepared) expect(prepared.refused).toMatch(/^Parameter \$\d+ /)
          else {
            for (const one of prepared)
              expect(one === null || typeof one === "string" || Buffer.isBuffer(one)).toBe(true)
          }
        },
      ),
    )
  })
})

function explode(secret: string): never {
  throw new RangeError(`not ${secret}`)
}

function realmDate(): Date {
  class Mine extends Date {}
  return new Mine("never")
}
