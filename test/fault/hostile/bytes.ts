import fc from "fast-check"

/** What a server could never mean, or means at the wrong moment: messages by their letter, and what is not even one. */

const LETTERS = "123ACDEGHIKNRSTVWZcdnstv"

function message(type: string, payload: Uint8Array, length = payload.length + 4): Buffer {
  const header = Buffer.alloc(5)
  header.write(type, "latin1")
  header.writeUInt32BE(length >>> 0, 1)
  return Buffer.concat([header, payload])
}

const text = (value: string): Buffer => Buffer.from(`${value.replaceAll("\0", "")}\0`)
const int16 = (value: number): Buffer => Buffer.from([(value >> 8) & 0xff, value & 0xff])
const int32 = (value: number): Buffer => {
  const bytes = Buffer.alloc(4)
  bytes.writeInt32BE(value | 0)
  return bytes
}

const payload = fc.uint8Array({ maxLength: 60 })
const word = fc.oneof(fc.string({ maxLength: 20 }), fc.string({ unit: "binary", maxLength: 20 }))
const count = fc.oneof(fc.nat({ max: 5 }), fc.constantFrom(-1, 255, 32_767, 65_535))
const length = fc.oneof(
  fc.nat({ max: 80 }),
  fc.constantFrom(-1, 0, 1, 3, 4, 65_536, 0x3fffffff, 0x7fffffff, 0x80000000),
)

const SQLSTATES = [
  "40001",
  "40P01",
  "57P01",
  "57P02",
  "57P03",
  "53300",
  "25006",
  "26000",
  "0A000",
  "08P01",
  "XX000",
  "00000",
]
const SEVERITIES = [
  "ERROR",
  "FATAL",
  "PANIC",
  "WARNING",
  "NOTICE",
  "FEHLER",
  "ОШИБКА",
  "ВАЖНО",
  "错误",
  "",
  "error",
  "constructor",
]

const fields = fc
  .record({
    severity: fc.option(fc.oneof(fc.constantFrom(...SEVERITIES), word)),
    code: fc.option(
      fc.oneof(
        fc.constantFrom(...SQLSTATES),
        fc.string({ unit: fc.constantFrom(..."0123456789ABCDEFPXZ"), minLength: 5, maxLength: 5 }),
        word,
      ),
    ),
    signed: fc.boolean(),
    others: fc.array(fc.tuple(fc.constantFrom(..."MDHPpqWstcdnFLRzQ1"), word), { maxLength: 6 }),
  })
  .map(({ severity, code, signed, others }) => {
    const all: [string, string | null][] = [
      ["S", severity],
      ["V", severity],
      ["C", code],
      ["R", signed ? "ProcessInterrupts" : null],
      ...others,
    ]
    return Buffer.concat(all.flatMap(([letter, value]) => (value === null ? [] : [Buffer.from(letter), text(value)])))
  })

/** An ErrorResponse with any fields, known and unknown, any number of times, in any language. */
export const errorResponse: fc.Arbitrary<Buffer> = fields
  .filter((said) => said.length > 0)
  .map((said) => message("E", Buffer.concat([said, Buffer.alloc(1)])))

/** An ErrorResponse or NoticeResponse, or what would be one if it ended as it should. */
export const report: fc.Arbitrary<Buffer> = fc
  .tuple(fc.constantFrom("E", "E", "E", "N"), fields, fc.boolean())
  .map(([type, said, terminated]) => message(type, Buffer.concat([said, Buffer.alloc(terminated ? 1 : 0)])))

const rowDescription = fc
  .tuple(count, fc.array(word, { maxLength: 4 }))
  .map(([columns, names]) =>
    message(
      "T",
      Buffer.concat([int16(columns), ...names.map((name) => Buffer.concat([text(name), Buffer.alloc(18)]))]),
    ),
  )
const dataRow = fc
  .tuple(count, fc.array(fc.tuple(length, payload), { maxLength: 4 }))
  .map(([columns, values]) =>
    message(
      "D",
      Buffer.concat([int16(columns), ...values.map(([claimed, bytes]) => Buffer.concat([int32(claimed), bytes]))]),
    ),
  )
const tag = fc
  .oneof(
    word,
    fc.constantFrom("COMMIT", "ROLLBACK", "BEGIN", "SELECT 3", "INSERT 0 99999999999999999999999", "", "UPDATE -1"),
  )
  .map((value) => message("C", text(value)))
const ready = fc.oneof(fc.constantFrom("I", "T", "E"), word).map((status) => message("Z", Buffer.from(status)))
const setting = fc.tuple(word, word).map(([name, value]) => message("S", Buffer.concat([text(name), text(value)])))
const known = fc.tuple(fc.constantFrom(...LETTERS), payload).map(([type, bytes]) => message(type, bytes))
const lying = fc
  .tuple(fc.constantFrom(...LETTERS), payload, length)
  .map(([type, bytes, claimed]) => message(type, bytes, claimed))
const unknown = fc
  .tuple(fc.nat({ max: 255 }), payload)
  .map(([type, bytes]) => message(String.fromCharCode(type), bytes))
const noise = fc.uint8Array({ minLength: 1, maxLength: 100 }).map((bytes) => Buffer.from(bytes))

/** One to four of them. */
export const hostileBytes: fc.Arbitrary<Buffer> = fc
  .array(fc.oneof(report, rowDescription, dataRow, tag, ready, setting, known, lying, unknown, noise), {
    minLength: 1,
    maxLength: 4,
  })
  .map((parts) => Buffer.concat(parts))
