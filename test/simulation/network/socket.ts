import { EventEmitter } from "node:events"

/** What the network does for a socket. */
export interface Line {
  dial(socket: SimulatedSocket): void
}

/** What a socket is connected to. */
export interface Wire {
  /** From the client to the server. */
  send(bytes: Buffer): void
  /** Nothing more will come from the client. */
  hangUp(): void
}

/**
 * The part of a `net.Socket` that `pg` uses, without a network: what is written goes to the wire that the line has connected it
 * to. As with a real one whoever listens hears of an end a moment after it was asked for.
 */
export class SimulatedSocket extends EventEmitter {
  readonly #line: Line
  #state: "new" | "connected" | "ended" | "destroyed" = "new"
  #wire: Wire | undefined
  /** False: it does not keep the process alive. */
  referenced = true
  bytesRead = 0

  constructor(line: Line) {
    super()
    this.#line = line
  }

  get writable(): boolean {
    return this.#state === "new" || this.#state === "connected"
  }

  get destroyed(): boolean {
    return this.#state === "destroyed"
  }

  setNoDelay(): this {
    return this
  }

  setKeepAlive(): this {
    return this
  }

  ref(): this {
    this.referenced = true
    return this
  }

  unref(): this {
    this.referenced = false
    return this
  }

  connect(): this {
    this.#line.dial(this)
    return this
  }

  write(bytes: Buffer, written?: () => void): boolean {
    if (this.#state === "connected") this.#wire?.send(bytes)
    if (written !== undefined) process.nextTick(written)
    return true
  }

  end(): this {
    if (!this.writable) return this
    const { writable } = this
    this.#state = "ended"
    if (writable) this.#wire?.hangUp()
    return this
  }

  destroy(error?: Error): this {
    if (this.#state === "destroyed") return this
    if (this.#state !== "ended") this.#wire?.hangUp()
    this.#state = "destroyed"
    process.nextTick(() => {
      if (error !== undefined) this.emit("error", error)
      this.emit("close", error !== undefined)
    })
    return this
  }

  // What the network does.

  connected(wire: Wire): void {
    if (this.#state === "destroyed") return wire.hangUp()
    this.#wire = wire
    this.#state = "connected"
    this.emit("connect")
  }

  receive(bytes: Buffer): void {
    if (this.#state !== "connected" && this.#state !== "ended") return
    this.bytesRead += bytes.length
    this.emit("data", bytes)
  }

  /** The other side has closed. */
  ended(): void {
    if (this.#state === "destroyed") return
    this.emit("end")
    this.destroy()
  }

  failed(code: string): void {
    if (this.#state === "destroyed") return
    this.#wire = undefined
    this.destroy(Object.assign(new Error(`simulated ${code}`), { code, errno: -1, syscall: "read" }))
  }
}
