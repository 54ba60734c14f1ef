import type { Agenda } from "../agenda.ts"
import type { Chance } from "../chance.ts"
import { Pipe } from "./pipe.ts"
import type { SimulatedSocket, Wire } from "./socket.ts"

/** The server's end of a link. */
export interface Peer {
  receive(bytes: Buffer, sentAt: number): void
  /** Nothing more will come. */
  hungUp(): void
}

export interface Cut {
  /** What is on its way to the server still arrives there. */
  readonly serverGetsRest: boolean
  /** What is on its way to the client still arrives there. */
  readonly clientGetsRest: boolean
  /** How the client learns of it. */
  readonly how: "reset" | "end"
}

export type Direction = "to-server" | "to-client" | "both"

interface Making {
  readonly number: number
  readonly dialedAt: number
  /** Each packet takes so much longer than usual. */
  readonly extraMs: () => number
}

/** One connection through the network, from the client's socket to whatever the server has at its end. */
export class Link implements Wire {
  readonly number: number
  /** When its client asked for it. */
  readonly dialedAt: number
  readonly #agenda: Agenda
  readonly #toServer: Pipe
  readonly #toClient: Pipe
  #peer: Peer | undefined
  /** Of the next thing that the server says only the beginning arrives. */
  #truncateTo: number | undefined

  constructor(agenda: Agenda, chance: Chance, socket: SimulatedSocket, made: Making) {
    this.number = made.number
    this.dialedAt = made.dialedAt
    this.#agenda = agenda
    const latencyMs = (): number => chance.between(0.1, 1.5) + made.extraMs()
    this.#toServer = new Pipe(agenda, "server", latencyMs, (packet) => {
      if (packet.is === "data") this.#peer?.receive(packet.bytes, packet.sentAt)
      else this.#peer?.hungUp()
    })
    this.#toClient = new Pipe(agenda, "client", latencyMs, (packet) => {
      if (packet.is === "data") socket.receive(packet.bytes)
      else if (packet.is === "end") socket.ended()
      else socket.failed("ECONNRESET")
    })
  }

  /** Something is on its way. */
  get busy(): boolean {
    return this.#toServer.carrying || this.#toClient.carrying
  }

  attach(peer: Peer): void {
    this.#peer = peer
  }

  // The client's end.

  send(bytes: Buffer): void {
    this.#toServer.push({ is: "data", bytes, sentAt: this.#agenda.now() })
  }

  hangUp(): void {
    this.#toServer.push({ is: "end" })
  }

  // The server's end.

  say(bytes: Buffer): void {
    if (this.#truncateTo === undefined) return this.#toClient.push({ is: "data", bytes, sentAt: this.#agenda.now() })
    const beginning = bytes.subarray(0, Math.floor(bytes.length * this.#truncateTo))
    this.#toClient.push({ is: "data", bytes: beginning, sentAt: this.#agenda.now() })
    this.#truncateTo = undefined
    this.cut({ serverGetsRest: false, clientGetsRest: true, how: "end" })
  }

  close(how: "reset" | "end" = "end"): void {
    this.#toClient.push({ is: how })
  }

  // What happens to it.

  cut({ serverGetsRest, clientGetsRest, how }: Cut): void {
    if (!serverGetsRest) this.#toServer.drop()
    if (!clientGetsRest) this.#toClient.drop()
    this.#toServer.finish({ is: "end" })
    this.#toClient.finish({ is: how })
  }

  hold(direction: Direction): void {
    if (direction !== "to-client") this.#toServer.hold()
    if (direction !== "to-server") this.#toClient.hold()
  }

  release(): void {
    this.#toServer.release()
    this.#toClient.release()
  }

  /** `share` of it: in [0, 1). */
  truncateNext(share: number): void {
    this.#truncateTo = share
  }
}
