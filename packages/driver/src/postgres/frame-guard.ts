const HEADER_BYTES = 5
/** PostgreSQL's MaxAllocSize: no message is longer. */
const LENGTH_MAX = 0x3fff_ffff
const ERROR_RESPONSE = "E".charCodeAt(0)
const NOTICE_RESPONSE = "N".charCodeAt(0)

/** The length of a message that has no content, or always the same; 0: it varies. Undefined: no server sends this. */
const LENGTHS: readonly (number | undefined)[] = lengths({ "123Icns": 4, Z: 5, ACDEGHKNRSTVWdtv: 0 })

/**
 * Follows the frames of what a server sends, ahead of `pg`'s parser, which believes whatever it reads: it waits without
 * end for the rest of a message that is none, and reads without end (the process hangs) for the terminator of an
 * ErrorResponse that has none. A few comparisons for each message.
 */
export class FrameGuard {
  /** How much of the frame that began in an earlier chunk is still to come. */
  #rest = 0
  /** That frame must end with two zero bytes. */
  #reports = false
  /** The last byte of an earlier chunk, where a report is under way. */
  #before = 0
  /** The beginning of a header that the network has cut. */
  #header: Buffer = Buffer.alloc(0)

  /** How many bytes of the chunk a parser may be given: all of them, or those before the first frame that is none. */
  inspect(chunk: Buffer): number {
    if (this.#header.length > 0) return this.#inspectCut(chunk)
    const { length } = chunk
    let at = this.#rest
    if (at > length) {
      this.#rest = at - length
      this.#before = chunk[length - 1] ?? 0
      return length
    }
    if (this.#reports) {
      if (!endsReport(at >= 2 ? chunk[at - 2] : this.#before, chunk[at - 1])) return 0
      this.#reports = false
    }
    while (at + HEADER_BYTES <= length) {
      const type = chunk[at] ?? 0
      const size = chunk.readUInt32BE(at + 1)
      if (!isFrame(type, size)) return at
      const end = at + 1 + size
      if (type === ERROR_RESPONSE || type === NOTICE_RESPONSE) {
        if (end > length) {
          this.#reports = true
          this.#before = chunk[length - 1] ?? 0
        } else if (!endsReport(chunk[end - 2], chunk[end - 1])) return at
      }
      at = end
    }
    this.#rest = Math.max(0, at - length)
    if (at < length) {
      if (LENGTHS[chunk[at] ?? 0] === undefined) return at
      this.#header = chunk.subarray(at)
    }
    return length
  }

  /** Rare: the cut header and the chunk are looked at as one. */
  #inspectCut(chunk: Buffer): number {
    const cut = this.#header
    this.#header = Buffer.alloc(0)
    return Math.max(0, this.inspect(Buffer.concat([cut, chunk])) - cut.length)
  }
}

function isFrame(type: number, size: number): boolean {
  const expected = LENGTHS[type]
  if (expected === undefined) return false
  return expected === 0 ? size >= 4 && size <= LENGTH_MAX : size === expected
}

/** Its last field ends with a zero byte, and so does it itself. One without fields is none. */
function endsReport(lastButOne: number | undefined, last: number | undefined): boolean {
  return lastButOne === 0 && last === 0
}

function lengths(of: Readonly<Record<string, number>>): (number | undefined)[] {
  const table: (number | undefined)[] = Array.from({ length: 256 }, () => undefined)
  for (const [letters, length] of Object.entries(of)) for (const letter of letters) table[letter.charCodeAt(0)] = length
  return table
}
