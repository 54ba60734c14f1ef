import type { Agenda } from "../agenda.ts"
import type { Chance } from "../chance.ts"
import { Link, type Peer } from "./link.ts"
import { SimulatedSocket, type Line } from "./socket.ts"

/** Who is called. */
export interface Listener {
  /** False: nobody is there, and the call is refused. */
  readonly listening: boolean
  accept(link: Link): Peer
}

/** Between the client's sockets and the server. */
export class Network implements Line {
  readonly #agenda: Agenda
  readonly #chance: Chance
  readonly #listener: Listener
  readonly #sockets: SimulatedSocket[] = []
  readonly #unanswered: (() => void)[] = []
  readonly links: Link[] = []
  /** More than usual, for each packet. */
  slowMs = 0
  #silent = false

  constructor(agenda: Agenda, chance: Chance, listener: Listener) {
    this.#agenda = agenda
    this.#chance = chance
    this.#listener = listener
  }

  makeSocket(): SimulatedSocket {
    const socket = new SimulatedSocket(this)
    this.#sockets.push(socket)
    return socket
  }

  get openSockets(): number {
    return this.#sockets.filter((socket) => !socket.destroyed).length
  }

  dial(socket: SimulatedSocket, dialedAt: number = this.#agenda.now()): void {
    this.#agenda.soon(this.#chance.between(0.1, 1.5) + this.slowMs, "client", () => this.#reach(socket, dialedAt))
  }

  /** Nobody answers, on any link, and no new one comes about. */
  holdAll(): void {
    this.#silent = true
    for (const link of this.links) link.hold("both")
  }

  releaseAll(): void {
    this.#silent = false
    for (const link of this.links) link.release()
    for (const again of this.#unanswered.splice(0)) again()
  }

  #reach(socket: SimulatedSocket, dialedAt: number): void {
    if (socket.destroyed) return
    if (this.#silent) {
      this.#unanswered.push(() => this.dial(socket, dialedAt))
      return
    }
    if (!this.#listener.listening) return socket.failed("ECONNREFUSED")
    const number = this.links.length + 1
    const chance = this.#chance.fork(`link ${number}`)
    const link = new Link(this.#agenda, chance, socket, { number, dialedAt, extraMs: () => this.slowMs })
    this.links.push(link)
    link.attach(this.#listener.accept(link))
    socket.connected(link)
  }
}
