import { Framer, HEAD_BYTES_MAX, type Frame } from "@kysely-resilient/testing/src/proxy/frames.ts"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"

function typed(type: string, payload: Buffer): Buffer {
  const header = Buffer.alloc(5)
  header.write(type, "latin1")
  header.writeUInt32BE(payload.length + 4, 1)
  return Buffer.concat([header, payload])
}

function startup(payload: Buffer): Buffer {
  const header = Buffer.alloc(4)
  header.writeUInt32BE(payload.length + 4)
  return Buffer.concat([header, payload])
}

interface Seen {
  readonly frames: Frame[]
  readonly bytes: Buffer
  /** How many messages were said to be complete. */
  readonly complete: number
}

function read(framer: Framer, chunks: readonly Buffer[], onFrame: (frame: Frame) => void = () => {}): Seen {
  const frames: Frame[] = []
  const bytes: Buffer[] = []
  let complete = 0
  for (const chunk of chunks) {
    framer.push(chunk)
    for (let piece = framer.next(); piece !== undefined; piece = framer.next()) {
      if (piece.frame !== undefined) {
        frames.push(piece.frame)
        onFrame(piece.frame)
      }
      bytes.push(piece.bytes)
      if (piece.last) complete++
    }
  }
  return { frames, bytes: Buffer.concat(bytes), complete }
}

function cutAt(bytes: Buffer, cuts: readonly number[]): Buffer[] {
  const places = [...new Set(cuts.map((cut) => cut % (bytes.length + 1)))].toSorted((a, b) => a - b)
  return [...places, bytes.length].map((place, index) => bytes.subarray(places[index - 1] ?? 0, place))
}

// Mostly small messages, sometimes ones around and far above the size that is looked at whole.
const payload = fc.oneof(
  { weight: 8, arbitrary: fc.uint8Array({ maxLength: 40 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .oneof(fc.integer({ min: HEAD_BYTES_MAX - 6, max: HEAD_BYTES_MAX + 6 }), fc.constant(3 * HEAD_BYTES_MAX))
      .map((length) => Buffer.alloc(length, "x")),
  },
)
const cuts = fc.array(fc.nat(400_000), { maxLength: 60, size: "max" })

describe("Framer", () => {
  it.each([
    ["client", "QPBEDCSHdX".split("")],
    ["server", "RKSZTDCEN12dsn".split("")],
  ] as const)(
    "property: however the bytes of a %s are cut, the same messages and the same bytes come out",
    (from, types) => {
      const message = fc.record({ type: fc.constantFrom(...types), payload })
      fc.assert(
        fc.property(fc.array(message, { minLength: 1, maxLength: 12, size: "max" }), cuts, (messages, places) => {
          const bytes = Buffer.concat(messages.map(({ type, payload: content }) => typed(type, content)))
          const framer = new Framer(from)
          framer.mode = "messages"
          const seen = read(framer, cutAt(bytes, places))

          expect(seen.bytes.equals(bytes)).toBe(true)
          expect(seen.complete).toBe(messages.length)
          expect(seen.frames.map(({ type, totalBytes }) => [type, totalBytes])).toEqual(
            messages.map(({ type, payload: content }) => [type, content.length + 5]),
          )
          for (const [index, frame] of seen.frames.entries()) {
            const { type, payload: content } = messages[index] ?? { type: "", payload: Buffer.alloc(0) }
            const bulk = type === "d" || (type === "D" && from === "server")
            const head = bulk ? Buffer.alloc(0) : content.subarray(0, HEAD_BYTES_MAX)
            expect(frame.payload.equals(head)).toBe(true)
          }
        }),
        { numRuns: 150 },
      )
    },
  )

  it("property: reads the start of a connection however it is cut, and then typed messages", () => {
    const parameters = fc.uint8Array({ minLength: 4, maxLength: 60 }).map((bytes) => Buffer.from(bytes))
    fc.assert(
      fc.property(parameters, payload, cuts, (first, query, places) => {
        const framer = new Framer("client")
        const bytes = Buffer.concat([startup(first), typed("Q", query)])
        const seen = read(framer, cutAt(bytes, places), () => {
          framer.mode = "messages"
        })
        expect(seen.frames.map(({ type }) => type)).toEqual(["", "Q"])
        expect(seen.frames[0]?.payload.equals(first)).toBe(true)
        expect(seen.bytes.equals(bytes)).toBe(true)
      }),
    )
  })

  it("holds no more of a long message than its first bytes", () => {
    const framer = new Framer("server")
    const row = typed("D", Buffer.alloc(10_000_000))
    framer.push(row.subarray(0, 100))
    expect(framer.next()).toMatchObject({ frame: { type: "D" }, last: false, bytes: { length: 100 } })
    expect(framer.next()).toBeUndefined()
    framer.push(row.subarray(100, 2_000))
    expect(framer.next()).toMatchObject({ frame: undefined, last: false, bytes: { length: 1_900 } })
  })

  it("takes the one byte that answers a request for encryption, and messages after it", () => {
    const framer = new Framer("server")
    framer.mode = "one-byte"
    const seen = read(framer, [Buffer.concat([Buffer.from("N"), typed("Z", Buffer.from("I"))])])
    expect(seen.frames.map(({ type, totalBytes }) => [type, totalBytes])).toEqual([
      ["", 1],
      ["Z", 6],
    ])
  })

  it("takes an error in place of that byte, as old servers send it", () => {
    const framer = new Framer("server")
    framer.mode = "one-byte"
    const error = typed("E", Buffer.from("SFATAL\0\0"))
    expect(read(framer, cutAt(error, [1, 3])).frames.map(({ type }) => type)).toEqual(["E"])
  })

  it.each([
    ["TLS from the first byte", "client", Buffer.from([0x16, 0x03, 0x01, 0x02, 0x00, 0x01])],
    ["another protocol", "client", Buffer.from("GET / HTTP/1.1\r\n")],
    ["a length that no message has", "server", Buffer.from([0x5a, 0, 0, 0, 1, 7])],
  ] as const)("passes %s as it comes", (_, from, bytes) => {
    const framer = new Framer(from)
    const seen = read(framer, [bytes, Buffer.from("more")])
    expect(framer.mode).toBe("opaque")
    expect(seen.frames).toEqual([])
    expect(seen.bytes.equals(Buffer.concat([bytes, Buffer.from("more")]))).toBe(true)
  })

  it("gives back what is left when the stream ends in the middle of a message", () => {
    const framer = new Framer("server")
    framer.push(Buffer.from("Z\0\0"))
    expect(framer.next()).toBeUndefined()
    expect(framer.remainder().toString("latin1")).toBe("Z\0\0")
    expect(framer.remainder()).toHaveLength(0)
  })
})
