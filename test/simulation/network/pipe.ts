import type { Agenda, Where } from "../agenda.ts"

/** What travels in one direction of a link. */
export type Packet =
  | { readonly is: "data"; readonly bytes: Buffer; readonly sentAt: number }
  | { readonly is: "end" }
  | { readonly is: "reset" }

/** One direction of a link: nothing overtakes anything, and everything takes its time. */
export class Pipe {
  readonly #agenda: Agenda
  readonly #where: Where
  readonly #latencyMs: () => number
  readonly #arrive: (packet: Packet) => void
  #queue: Packet[] = []
  #lastAt = 0
  /** Arrivals that were due while the pipe was held. */
  #overdue = 0
  #held = false
  #closed = false

  constructor(agenda: Agenda, where: Where, latencyMs: () => number, arrive: (packet: Packet) => void) {
    this.#agenda = agenda
    this.#where = where
    this.#latencyMs = latencyMs
    this.#arrive = arrive
  }

  get carrying(): boolean {
    return this.#queue.length > 0
  }

  push(packet: Packet): void {
    if (this.#closed) return
    if (packet.is !== "data") this.#closed = true
    this.#queue.push(packet)
    const now = this.#agenda.now()
    this.#lastAt = Math.max(this.#lastAt, now + this.#latencyMs())
    this.#agenda.soon(this.#lastAt - now, this.#where, () => this.#due())
  }

  /** A black hole: what is on its way stays there. */
  hold(): void {
    this.#held = true
  }

  /** It is repaired, and what was sent is sent again. */
  release(): void {
    this.#held = false
    for (; this.#overdue > 0; this.#overdue -= 1) this.#agenda.soon(this.#latencyMs(), this.#where, () => this.#due())
  }

  /** What is on its way never arrives; nor does anything else. */
  drop(): void {
    this.#queue = []
    this.#closed = true
  }

  /** Nothing more can be sent; this is the last thing to arrive. */
  finish(packet: Packet): void {
    if (this.#closed && this.#queue.length > 0) return
    this.#closed = false
    this.push(packet)
  }

  #due(): void {
    if (this.#held) {
      this.#overdue += 1
      return
    }
    const packet = this.#queue.shift()
    if (packet !== undefined) this.#arrive(packet)
  }
}
