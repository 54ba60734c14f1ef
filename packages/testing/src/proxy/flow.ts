import type { Socket } from "node:net"
import type { CutHow } from "./action.ts"
import { Framer, type Frame, type FrameMode, type Piece } from "./frames.ts"

/** What becomes of a message: how many of its bytes pass, and what happens when they have. */
export interface Fate {
  readonly bytes: number
  readonly done?: () => void
}

const PASS: Fate = { bytes: Number.POSITIVE_INFINITY }
export const DROP: Fate = { bytes: 0 }

export interface FlowListener {
  /** A message is about to pass. May hold the flow, set the fate, and ask to be told in the middle of it. */
  before(frame: Frame): void
  /** Half of its bytes have passed. May hold the flow. */
  inside(frame: Frame): void
  /** It has passed. */
  after(frame: Frame): void
  /** These bytes are not messages: TLS, or something else altogether. */
  unreadable(): void
}

/** A throttled flow passes its bytes in portions of so much time: short enough to look like a slow line. */
const PORTION_MS = 50

/**
 * One direction of a proxied connection: bytes from one socket to the other, message by message, in order. It can be
 * held between two messages or in the middle of one; then it stops reading, so that the sender feels it in the end, as
 * on a network that swallows packets.
 */
export class Flow {
  readonly #source: Socket
  readonly #sink: Socket
  readonly #framer: Framer
  readonly #listener: FlowListener
  #holds = 0
  #discarding = false
  #ended: CutHow | undefined
  #pumping = false
  /** Read and considered, not passed yet. */
  #waiting: Piece | undefined
  /** The message that is passing, and what is left of its fate. */
  #frame: Frame | undefined
  #fate: Fate = PASS
  #fateBytes = Number.POSITIVE_INFINITY
  #midMessage = false
  /** How many bytes of the message pass before its middle is told. */
  #untilMiddle = Number.POSITIVE_INFINITY
  /** Bytes per second, one for each who asked; the slowest holds. */
  readonly #rates = new Set<{ readonly bytesPerSecond: number }>()
  /** Injected while a message was passing: goes out behind it. */
  #behind: Buffer[] = []
  /** Ends the wait for a receiver that does not keep up. */
  #keepsUp: (() => void) | undefined
  /** Adjacent pieces, collected to be written at once. */
  #out: Buffer | undefined

  constructor(from: "client" | "server", source: Socket, sink: Socket, listener: FlowListener) {
    this.#framer = new Framer(from)
    this.#source = source
    this.#sink = sink
    this.#listener = listener
    source.on("data", (chunk: Buffer) => this.#push(chunk))
    source.on("end", () => this.#sourceEnded("fin"))
    source.on("close", (hadError: boolean) => this.#sourceEnded(hadError ? "rst" : "fin"))
    for (const event of ["drain", "close"]) sink.on(event, () => this.#sinkTakesMore())
  }

  get mode(): FrameMode {
    return this.#framer.mode
  }

  set mode(mode: FrameMode) {
    this.#framer.mode = mode
  }

  /** For the message that is about to pass. */
  set fate(fate: Fate) {
    this.#fate = fate
    this.#fateBytes = fate.bytes
  }

  /** For the message that is about to pass: `inside` will be told in the middle of it. */
  tellMiddleOf(frame: Frame): void {
    this.#untilMiddle = Math.floor(frame.totalBytes / 2)
  }

  get drops(): boolean {
    return this.#fate === DROP
  }

  /** Nothing passes until the returned function is called; calling it twice does nothing more. */
  hold(): () => void {
    let held = true
    this.#holds++
    this.#source.pause()
    return () => {
      if (!held) return
      held = false
      this.#holds--
      this.#pump()
    }
  }

  /** At most so many bytes per second pass until the returned function is called. */
  throttle(bytesPerSecond: number): () => void {
    const rate = { bytesPerSecond }
    this.#rates.add(rate)
    return () => this.#rates.delete(rate)
  }

  /** From now on whatever comes is read and thrown away, its end too. */
  discard(): void {
    this.#flush()
    this.#discarding = true
    this.#source.resume()
  }

  /** Puts a message of ours into the stream, here or at the next boundary between two messages. */
  inject(bytes: Buffer): void {
    if (this.#midMessage) this.#behind.push(bytes)
    else this.#write(bytes)
    if (!this.#pumping) this.#flush()
  }

  #push(chunk: Buffer): void {
    if (this.#discarding) return
    this.#framer.push(chunk)
    this.#pump()
  }

  #sourceEnded(how: CutHow): void {
    this.#ended ??= how
    this.#pump()
  }

  #pump(): void {
    if (this.#pumping) return
    this.#pumping = true
    while (this.#step());
    this.#flush()
    this.#pumping = false
    if (this.#discarding) {
      if (this.#ended !== undefined) this.#source.end()
    } else if (this.#holds === 0) {
      this.#source.resume()
      if (this.#ended !== undefined) this.#finish(this.#ended)
    }
  }

  /** One piece; false if there is none, or it may not pass now. */
  #step(): boolean {
    if (this.#holds > 0 || this.#discarding) return false
    if (this.#waiting === undefined) {
      const readable = this.mode !== "opaque"
      this.#waiting = this.#framer.next()
      if (readable && this.mode === "opaque") this.#listener.unreadable()
      if (this.#waiting === undefined) return false
      if (this.#waiting.frame !== undefined) {
        this.#frame = this.#waiting.frame
        this.fate = PASS
        this.#untilMiddle = Number.POSITIVE_INFINITY
        this.#listener.before(this.#waiting.frame)
        // That may have held us.
        return true
      }
    }
    const { bytes, last } = this.#waiting
    const bytesPerSecond = this.#rate
    const most = Math.min(this.#untilMiddle, Math.max(1, Math.floor((bytesPerSecond * PORTION_MS) / 1_000)))
    const whole = bytes.length <= most
    this.#waiting = whole ? undefined : { frame: undefined, bytes: bytes.subarray(most), last }
    this.#untilMiddle -= Math.min(bytes.length, most)
    this.#pass(
      whole ? { frame: undefined, bytes, last } : { frame: undefined, bytes: bytes.subarray(0, most), last: false },
    )
    if (this.#untilMiddle === 0) this.#reachedMiddle()
    if (bytesPerSecond !== Number.POSITIVE_INFINITY) {
      setTimeout(this.hold(), (Math.min(bytes.length, most) / bytesPerSecond) * 1_000)
    }
    return true
  }

  get #rate(): number {
    if (this.#rates.size === 0) return Number.POSITIVE_INFINITY
    return Math.min(...[...this.#rates].map(({ bytesPerSecond }) => bytesPerSecond))
  }

  #reachedMiddle(): void {
    this.#untilMiddle = Number.POSITIVE_INFINITY
    if (this.#frame !== undefined && this.#fate === PASS) this.#listener.inside(this.#frame)
  }

  #pass({ bytes, last }: Piece): void {
    const passing = bytes.length <= this.#fateBytes ? bytes : bytes.subarray(0, this.#fateBytes)
    this.#fateBytes -= passing.length
    this.#write(passing)
    const complete = this.#fateBytes === 0 || last
    this.#midMessage = !last && passing.length > 0
    const { done } = this.#fate
    if (complete && done !== undefined) {
      this.#fate = DROP
      done()
    }
    if (!last) return
    const frame = this.#frame
    this.#frame = undefined
    for (const injected of this.#behind.splice(0)) this.#write(injected)
    if (frame !== undefined) this.#listener.after(frame)
    this.fate = PASS
  }

  #write(bytes: Buffer): void {
    const out = this.#out
    if (out === undefined) {
      this.#out = bytes
    } else if (out.buffer === bytes.buffer && out.byteOffset + out.length === bytes.byteOffset) {
      this.#out = Buffer.from(out.buffer, out.byteOffset, out.length + bytes.length)
    } else {
      this.#flush()
      this.#out = bytes
    }
  }

  #flush(): void {
    const out = this.#out
    this.#out = undefined
    if (out === undefined || out.length === 0 || this.#sink.destroyed || this.#sink.writableEnded) return
    // If the receiver does not keep up, read no more than it does.
    if (!this.#sink.write(out)) this.#keepsUp ??= this.hold()
  }

  #sinkTakesMore(): void {
    const release = this.#keepsUp
    this.#keepsUp = undefined
    release?.()
  }

  /** The source's end, passed on behind everything that came before it. */
  #finish(how: CutHow): void {
    this.#write(this.#framer.remainder())
    this.#flush()
    endSocket(this.#sink, how)
  }
}

/** How long a reset waits for bytes that are on their way; a receiver that does not read must not prevent it. */
const FLUSH_MS = 1_000

/** Ends a socket behind what was written to it. */
export function endSocket(socket: Socket, how: CutHow): void {
  if (socket.destroyed) return
  if (socket.connecting || socket.pending) {
    socket.destroy()
  } else if (how === "fin") {
    socket.end()
  } else if (socket.writableEnded && !socket.writableFinished) {
    // libuv refuses a reset while a shutdown is under way, and Node then never tells that the socket has closed.
    socket.destroy()
  } else if (socket.writableLength === 0 || socket.writableEnded) {
    socket.resetAndDestroy()
  } else {
    const reset = (): void => {
      clearTimeout(timer)
      if (socket.writableEnded && !socket.writableFinished) socket.destroy()
      else socket.resetAndDestroy()
    }
    const timer = setTimeout(reset, FLUSH_MS).unref()
    socket.write("", reset)
  }
}
