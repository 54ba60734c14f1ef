import type { ColumnReaders } from "@kysely-resilient/driver/src/postgres/decoding.ts"
import { RowDecoder } from "@kysely-resilient/driver/src/postgres/row-decoder.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyText } from "../../../support/any-text.ts"

const INT = 23
const BROKEN = 1
const UNKNOWN = 99_999
const asked: number[] = []
const readerOf: ColumnReaders["readerOf"] = ({ dataTypeID }) => {
  asked.push(dataTypeID)
  if (dataTypeID === INT) return Number
  if (dataTypeID === UNKNOWN) return undefined
  if (dataTypeID === BROKEN) {
    return (text: string) => {
      throw new SyntaxError(`not ${text}`)
    }
  }
  return (text: string) => text
}
const readers: ColumnReaders = { readerOf, typeOf: ({ dataTypeID }) => `type ${dataTypeID}` }
const decoder = (...fields: readonly (readonly [string, number])[]) =>
  new RowDecoder(
    fields.map(([name, dataTypeID]) => ({ name, dataTypeID })),
    readers,
  )

describe("RowDecoder", () => {
  it("gives each column's text to the parser of its type, and null to none", () => {
    const { row } = decoded(decoder(["n", INT], ["t", 25], ["nothing", BROKEN]).decode(["7", "x", null]))
    expect(row).toEqual({ n: 7, t: "x", nothing: null })
    expect(Object.keys(row)).toEqual(["n", "t", "nothing"])
  })

  it("asks for the parsers once, however many rows come", () => {
    asked.length = 0
    const rows = decoder(["n", INT])
    for (const text of ["1", "2", "3"]) rows.decode([text])
    expect(asked).toEqual([INT])
  })

  it("shares nothing between rows", () => {
    const rows = decoder(["n", INT], ["t", 25])
    const first = decoded(rows.decode(["1", "a"])).row
    const second = decoded(rows.decode([null, "b"])).row
    expect(first).toEqual({ n: 1, t: "a" })
    expect(second).toEqual({ n: null, t: "b" })
  })

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty", ""])(
    "keeps a column that is called %j a column",
    (name) => {
      const { row } = decoded(decoder([name, INT], ["b", 25]).decode(["1", "x"]))
      expect(Object.entries(row)).toEqual([
        [name, 1],
        ["b", "x"],
      ])
      expect(Object.getPrototypeOf(row)).toBe(Object.prototype)
    },
  )

  it("gives the last of two columns of one name, as pg does", () => {
    expect(decoded(decoder(["a", 25], ["a", 25]).decode(["1", "2"])).row).toEqual({ a: "2" })
    expect(decoded(decoder(["a", 25], ["a", 25]).decode(["1", null])).row).toEqual({ a: null })
  })

  it("names the column that could not be decoded, and its type", () => {
    expect(decoder(["a", INT], ["b", BROKEN], ["c", BROKEN]).decode(["1", "2", "3"])).toEqual({
      failure: { column: "b", type: "type 1", cause: expect.objectContaining({ message: "not 2" }) },
    })
  })

  it("is incomplete with a type that nobody knows, and reads nothing but null of it", () => {
    const some = decoder(["a", INT], ["b", UNKNOWN])
    expect([some.incomplete, decoder(["a", INT]).incomplete]).toEqual([true, false])
    expect(decoded(some.decode(["1", null])).row).toEqual({ a: 1, b: null })
    expect(some.decode(["1", "x"])).toMatchObject({ failure: { column: "b", type: "type 99999" } })
  })

  it("takes something that is no function for a parser that throws", () => {
    const broken = new RowDecoder([{ name: "a", dataTypeID: 7 }], { ...readers, readerOf: () => "none" as never })
    expect(broken.decode(["1"])).toMatchObject({
      failure: { column: "a", type: "type 7", cause: expect.any(TypeError) },
    })
  })

  it("property: whatever the columns are called, the row has them all, with their values", () => {
    const columns = fc.uniqueArray(fc.tuple(anyText(8), fc.option(fc.string())), {
      maxLength: 8,
      selector: ([name]) => name,
    })
    fc.assert(
      fc.property(columns, (list) => {
        const rows = decoder(...list.map(([name]) => [name, 25] as const))
        const { row } = decoded(rows.decode(list.map(([, value]) => value)))
        expect(new Map(Object.entries(row))).toEqual(new Map(list))
      }),
    )
  })
})

function decoded(answer: ReturnType<RowDecoder["decode"]>): { readonly row: Record<string, unknown> } {
  if ("failure" in answer) throw answer.failure.cause
  return answer
}
