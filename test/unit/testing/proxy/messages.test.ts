import { Framer } from "@kysely-resilient/testing/src/proxy/frames.ts"
import {
  clientMessage,
  encode,
  errorFields,
  serverMessage,
  startupParameters,
  textAt,
  type InjectedMessage,
} from "@kysely-resilient/testing/src/proxy/messages.ts"
import { describe, expect, it } from "vitest"

function framed(injected: InjectedMessage): { name: string | undefined; payload: Buffer } {
  const framer = new Framer("server")
  framer.push(encode(injected))
  const piece = framer.next()
  if (piece?.frame === undefined || !piece.last) throw new Error("not one message")
  return { name: serverMessage(piece.frame), payload: piece.frame.payload }
}

describe("an injected message", () => {
  it("is one whole message that says what it was given", () => {
    const { name, payload } = framed({
      kind: "ErrorResponse",
      code: "40001",
      message: "naïve",
      routine: "R",
      hint: "h",
    })
    expect(name).toBe("ErrorResponse")
    expect(Object.fromEntries(errorFields(payload))).toEqual({
      S: "ERROR",
      V: "ERROR",
      C: "40001",
      M: "naïve",
      R: "R",
      H: "h",
    })
  })

  it("is a notice with a notice's severity, or the one it was given", () => {
    expect(errorFields(framed({ kind: "NoticeResponse", code: "00000", message: "m" }).payload).get("S")).toBe("NOTICE")
    expect(
      errorFields(framed({ kind: "ErrorResponse", severity: "FATAL", code: "57P01", message: "m" }).payload).get("V"),
    ).toBe("FATAL")
  })

  it("is ReadyForQuery with its status", () => {
    expect(framed({ kind: "ReadyForQuery", status: "T" })).toEqual({ name: "ReadyForQuery", payload: Buffer.from("T") })
  })
})

describe("the first message of a connection", () => {
  it.each([
    [196_608, "StartupMessage"],
    [196_610, "StartupMessage"],
    [80_877_102, "CancelRequest"],
    [80_877_103, "SSLRequest"],
    [80_877_104, "GSSENCRequest"],
  ])("%i is %s", (code, name) => {
    const payload = Buffer.alloc(4)
    payload.writeUInt32BE(code)
    expect(clientMessage({ type: "", totalBytes: 8, payload })).toBe(name)
  })

  it("has parameters by name", () => {
    const payload = Buffer.concat([Buffer.alloc(4), Buffer.from("user\0ann\0database\0shop\0\0")])
    expect([...startupParameters(payload)]).toEqual([
      ["user", "ann"],
      ["database", "shop"],
    ])
  })
})

describe("a message that is cut short", () => {
  it("gives the text that is there", () => {
    expect(textAt(Buffer.from("select 1"), 0)).toEqual({ text: "select 1", next: 8 })
    expect(textAt(Buffer.from("ab\0"), 3)).toEqual({ text: "", next: 3 })
    expect([...errorFields(Buffer.from("SERROR"))]).toEqual([["S", "ERROR"]])
    expect([...startupParameters(Buffer.from("\0\0\0\0user"))]).toEqual([["user", ""]])
  })

  it("has no name if its letter is not one of the protocol's", () => {
    expect(serverMessage({ type: "?", totalBytes: 5, payload: Buffer.alloc(0) })).toBeUndefined()
    expect(clientMessage({ type: "?", totalBytes: 5, payload: Buffer.alloc(0) })).toBeUndefined()
  })
})
