/**
 * Messages longer than this are never held whole: what rules look at (the text of a statement, a command tag) is
 * looked for in their first bytes, and the rest streams through.
 */
export const HEAD_BYTES_MAX = 65_536
/** The longest message of the protocol (1 GiB); anything longer is not a message. */
const MESSAGE_BYTES_MAX = 0x4000_0000
/** The longest first message that a server accepts; a client that begins with TLS looks like a far longer one. */
const STARTUP_BYTES_MAX = 10_000
const TYPED_HEADER_BYTES = 5
const UNTYPED_HEADER_BYTES = 4
const ERROR_RESPONSE = "E".charCodeAt(0)

/** A message by its first bytes. `type` is its letter, or "" for the messages that begin a connection. */
export interface Frame {
  readonly type: string
  /** With the header. */
  readonly totalBytes: number
  /** What follows the header: all of it, or the first bytes of a long one. */
  readonly payload: Buffer
}

/** A message comes as one piece, or in several if it is long: the first one carries the frame. */
export interface Piece {
  readonly frame: Frame | undefined
  readonly bytes: Buffer
  /** Is the message complete with this piece? */
  readonly last: boolean
}

/**
 *   startup ──▶ messages      a client: length-first messages, then typed ones
 *   messages ⇄ one-byte       a server: after SSLRequest and GSSENCRequest it answers with one byte
 *      any ──▶ opaque         encrypted, or not PostgreSQL: bytes pass as they come
 */
export type FrameMode = "startup" | "messages" | "one-byte" | "opaque"

/** Cuts a stream of bytes into messages, wherever the network has cut it before. */
export class Framer {
  mode: FrameMode
  readonly #from: "client" | "server"
  #buffered: Buffer = Buffer.alloc(0)
  /** How much of the message that is passing is still to come. */
  #rest = 0

  constructor(from: "client" | "server") {
    this.#from = from
    this.mode = from === "client" ? "startup" : "messages"
  }

  push(chunk: Buffer): void {
    this.#buffered = this.#buffered.length === 0 ? chunk : Buffer.concat([this.#buffered, chunk])
  }

  /** The next piece, or undefined until more bytes come. Adjacent pieces are adjacent in memory. */
  next(): Piece | undefined {
    const available = this.#buffered.length
    if (available === 0) return undefined
    if (this.#rest > 0) {
      const bytes = this.#take(Math.min(this.#rest, available))
      this.#rest -= bytes.length
      return { frame: undefined, bytes, last: this.#rest === 0 }
    }
    if (this.mode === "one-byte") return this.#oneByte()
    if (this.mode === "opaque") return { frame: undefined, bytes: this.#take(available), last: true }

    const typed = this.mode === "messages"
    const headerBytes = typed ? TYPED_HEADER_BYTES : UNTYPED_HEADER_BYTES
    if (available < headerBytes) return undefined
    const totalBytes = this.#buffered.readUInt32BE(typed ? 1 : 0) + (typed ? 1 : 0)
    if (totalBytes < headerBytes || totalBytes > (typed ? MESSAGE_BYTES_MAX : STARTUP_BYTES_MAX)) {
      this.mode = "opaque"
      return this.next()
    }
    const type = typed ? String.fromCharCode(this.#buffered[0] ?? 0) : ""
    const wanted = Math.min(totalBytes, headerBytes + (this.#isBulk(type) ? 0 : HEAD_BYTES_MAX))
    if (available < wanted) return undefined
    const bytes = this.#take(Math.min(totalBytes, available))
    this.#rest = totalBytes - bytes.length
    return { frame: { type, totalBytes, payload: bytes.subarray(headerBytes, wanted) }, bytes, last: this.#rest === 0 }
  }

  /** What is left when the stream ends in the middle of a message. */
  remainder(): Buffer {
    return this.#take(this.#buffered.length)
  }

  #oneByte(): Piece | undefined {
    this.mode = "messages"
    // An old server that does not know the request answers with an error message instead.
    if (this.#buffered[0] === ERROR_RESPONSE) return this.next()
    const bytes = this.#take(1)
    return { frame: { type: "", totalBytes: 1, payload: bytes }, bytes, last: true }
  }

  /** DataRow and CopyData, by far the most bytes, are told apart by their letter alone. */
  #isBulk(type: string): boolean {
    return type === "d" || (type === "D" && this.#from === "server")
  }

  #take(count: number): Buffer {
    const taken = this.#buffered.subarray(0, count)
    this.#buffered = this.#buffered.subarray(count)
    return taken
  }
}
