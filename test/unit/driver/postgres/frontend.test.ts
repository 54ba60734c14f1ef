import { FrontendBuffer } from "@kysely-resilient/driver/src/postgres/frontend.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

import { anyText } from "../../../support/any-text.ts"
import { readFrontendMessages, type FrontendMessage } from "../../../support/frontend-messages.ts"

describe("FrontendBuffer", () => {
  it("writes the bytes of the manual", () => {
    const bytes = new FrontendBuffer().query("SELECT 1").sync().finish()
    expect([...bytes]).toEqual([0x51, 0, 0, 0, 13, ...Buffer.from("SELECT 1\0"), 0x53, 0, 0, 0, 4])
  })

  it("sends text as text, bytes as binary, and null as no value at all", () => {
    const bytes = new FrontendBuffer().bind("", ["é", Buffer.from([0, 255]), null, ""]).finish()
    expect(readFrontendMessages(bytes)).toEqual([
      {
        type: "bind",
        portal: "",
        statement: "",
        formats: [0, 1, 0, 0],
        values: [Buffer.from("é"), Buffer.from([0, 255]), null, Buffer.alloc(0)],
        resultFormats: 0,
      },
    ])
  })

  it("can carry as many parameters as the protocol counts", () => {
    const values = Array.from({ length: 65_535 }, () => "1")
    const [message] = readFrontendMessages(new FrontendBuffer().bind("", values).finish())
    expect(message).toMatchObject({ formats: { length: 65_535 }, values: { length: 65_535 } })
  })

  const text = anyText(300).map((one) => one.replaceAll("\0", "").toWellFormed())
  const value = fc.oneof(
    anyText(300).map((one) => one.toWellFormed()),
    fc.uint8Array({ maxLength: 2_000 }).map((bytes) => Buffer.from(bytes)),
    fc.constant(null),
  )
  const rowsMax = fc.integer({ min: 0, max: 2 ** 31 - 1 })

  /** What is written, and what a reader must find. */
  type Written = readonly [write: (buffer: FrontendBuffer) => unknown, expected: FrontendMessage]

  const message: fc.Arbitrary<Written> = fc.oneof(
    text.map((sql): Written => [(buffer) => buffer.query(sql), { type: "query", sql }]),
    text.map((sql): Written => [
      (buffer) => buffer.parse(sql),
      { type: "parse", statement: "", sql, parameterTypes: 0 },
    ]),
    fc.tuple(text, fc.array(value, { maxLength: 40 })).map(([portal, values]): Written => [
      (buffer) => buffer.bind(portal, values),
      {
        type: "bind",
        portal,
        statement: "",
        formats: values.map((one) => (Buffer.isBuffer(one) ? 1 : 0)),
        values: values.map((one) => (one === null ? null : Buffer.from(one))),
        resultFormats: 0,
      },
    ]),
    text.map((name): Written => [(buffer) => buffer.describePortal(name), { type: "describe", what: "P", name }]),
    fc
      .tuple(text, rowsMax)
      .map(([portal, max]): Written => [
        (buffer) => buffer.execute(portal, max),
        { type: "execute", portal, rowsMax: max },
      ]),
    text.map((name): Written => [(buffer) => buffer.closePortal(name), { type: "close", what: "P", name }]),
    fc.constant<Written>([(buffer) => buffer.sync(), { type: "sync" }]),
  )

  it("property: whatever is written is read again as it was, however small the buffer began", () => {
    fc.assert(
      fc.property(
        fc.array(message, { maxLength: 30, size: "max" }),
        fc.constantFrom(0, 1, 16, 1_024),
        (all, initialBytes) => {
          const buffer = new FrontendBuffer(initialBytes)
          for (const [write] of all) write(buffer)
          expect(readFrontendMessages(buffer.finish())).toEqual(all.map(([, expected]) => expected))
        },
      ),
    )
  })

  it("grows by what is needed when one value is larger than everything before it", () => {
    const large = "€".repeat(20_000)
    const bytes = new FrontendBuffer(8)
      .parse(large)
      .bind("", [large, Buffer.from(large), "end"])
      .finish()
    expect(readFrontendMessages(bytes)).toMatchObject([
      { sql: large },
      { values: [Buffer.from(large), Buffer.from(large), Buffer.from("end")] },
    ])
  })
})
