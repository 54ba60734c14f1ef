import { EventEmitter } from "node:events"
import type { Socket } from "node:net"

import type {
  FieldDescription,
  PgClient,
  PgWire,
  Submittable,
} from "@kysely-resilient/driver/src/postgres/internals.ts"

import { readFrontendMessages, type FrontendMessage } from "./frontend-messages.ts"

/** What a server says, by the names of `pg`'s events. `errorMessage` is an ErrorResponse. */
export type BackendMessage =
  | { readonly name: "rowDescription"; readonly fields: readonly FieldDescription[] }
  | { readonly name: "dataRow"; readonly fields: readonly (string | null)[] }
  | { readonly name: "portalSuspended" }
  | { readonly name: "emptyQuery" }
  | { readonly name: "commandComplete"; readonly text: string }
  | { readonly name: "copyInResponse" }
  | { readonly name: "notice"; readonly notice: object }
  | { readonly name: "errorMessage"; readonly error: object }
  | { readonly name: "readyForQuery"; readonly status: "I" | "T" | "E" }

/** Type numbers with a parser of their own; all others stay text. */
export const INT4 = 23
/** Its parser throws. */
export const UNREADABLE = 9_999

/** The socket under a scripted wire: what is written goes to whoever plays the server. */
class ScriptedSocket {
  writable = true
  /** False: it does not keep the process alive. */
  referenced = true
  /** What the server has sent; a test that wants it to have sent something says so. */
  bytesRead = 0
  readonly #wire: EventEmitter
  readonly #written: (bytes: Buffer) => void

  constructor(wire: EventEmitter, written: (bytes: Buffer) => void) {
    this.#wire = wire
    this.#written = written
  }

  write(bytes: Buffer): boolean {
    this.#written(bytes)
    return true
  }

  /** As with a real one, whoever listens hears of it a moment later. */
  destroy(error?: Error): void {
    if (!this.writable) return
    this.writable = false
    process.nextTick(() => {
      if (error !== undefined) this.#wire.emit("error", error)
      this.#wire.emit("end")
    })
  }

  ref(): void {
    this.referenced = true
  }

  unref(): void {
    this.referenced = false
  }
}

/** `pg.Connection` without a network. */
export class ScriptedWire extends EventEmitter implements PgWire {
  parsedStatements: Record<string, string> = {}
  readonly stream: Socket
  readonly socket: ScriptedSocket
  /** What was written, write by write. */
  readonly groups: FrontendMessage[][] = []
  /** Why COPY FROM STDIN was refused. */
  readonly copyFails: string[] = []
  /** Terminate was sent. */
  terminated = false
  /** The server's end of it. */
  onGroup: (messages: FrontendMessage[]) => void = () => {}

  constructor() {
    super()
    this.socket = new ScriptedSocket(this, (bytes) => {
      const messages = readFrontendMessages(bytes)
      this.groups.push(messages)
      this.onGroup(messages)
    })
    // The handful of its methods that are used.
    this.stream = this.socket as unknown as Socket
  }

  attachListeners(): void {}
  connect(): void {}
  startup(): void {}

  requestSsl(): void {}
  cancel(): void {}

  sendCopyFail(message: string): void {
    this.copyFails.push(message)
  }

  sync(): void {
    this.groups.push([{ type: "sync" }])
  }

  end(): void {
    this.terminated = true
    this.socket.destroy()
  }
}

/**
 * `pg.Client` at the level of its handler calls, after its log-in: the same events in the same order as `pg` 8.23.1
 * (`test/integration/driver/pg-internals.test.ts` holds both to that), and no network and no time of its own. What the
 * server says is up to the test: `say`, `lose`.
 */
export class ScriptedClient extends EventEmitter implements PgClient {
  readonly connection: ScriptedWire = new ScriptedWire()
  readonly processID: number
  readonly secretKey = 1
  #active: Submittable | undefined
  #queryable = true

  constructor(processID: number) {
    super()
    this.processID = processID
    const wire = this.connection
    wire.on("error", (error: unknown) => this.#broken(error))
    wire.on("end", () => this.#ended())
    wire.on("errorMessage", (error: unknown) => {
      const active = this.#active
      this.#active = undefined
      if (active === undefined) this.#broken(error)
      else active.handleError(error, wire)
    })
    wire.on("notice", (notice: unknown) => this.emit("notice", notice))
    wire.on("rowDescription", (message) => this.#active?.handleRowDescription(message))
    wire.on("dataRow", (message) => this.#active?.handleDataRow(message))
    wire.on("portalSuspended", () => this.#active?.handlePortalSuspended(wire))
    wire.on("emptyQuery", () => this.#active?.handleEmptyQuery(wire))
    wire.on("commandComplete", (message) => this.#active?.handleCommandComplete(message, wire))
    wire.on("copyInResponse", () => this.#active?.handleCopyInResponse(wire))
    wire.on("readyForQuery", () => {
      const active = this.#active
      this.#active = undefined
      active?.handleReadyForQuery(wire)
    })
  }

  connect(callback: (error: unknown) => void): void {
    callback(undefined)
  }

  query(submittable: Submittable): void {
    if (this.#active !== undefined) throw new Error("asked to run two statements at once")
    if (!this.#queryable) {
      process.nextTick(() => submittable.handleError(new Error("Client is not queryable"), this.connection))
      return
    }
    this.#active = submittable
    const refusal = submittable.submit(this.connection)
    if (refusal !== null && refusal !== undefined) {
      process.nextTick(() => submittable.handleError(refusal, this.connection))
    }
  }

  getTypeParser(oid: number): (text: string) => unknown {
    if (oid === INT4) return Number
    if (oid === UNREADABLE) {
      return (text) => {
        throw new Error(`cannot read ${text}`)
      }
    }
    return (text) => text
  }

  get open(): boolean {
    return this.connection.socket.writable
  }

  /** The server says this. From a connection that is gone nothing is heard. */
  say(...messages: readonly BackendMessage[]): void {
    for (const message of messages) {
      if (!this.open) return
      if (message.name === "errorMessage") this.connection.emit("errorMessage", message.error)
      else if (message.name === "notice") this.connection.emit("notice", message.notice)
      else this.connection.emit(message.name, message)
    }
  }

  /** The connection is gone, from one moment to the next: with a socket's error, or just so. */
  lose(error?: Error): void {
    if (!this.open) return
    this.connection.socket.writable = false
    if (error !== undefined) this.connection.emit("error", error)
    this.connection.emit("end")
  }

  #broken(error: unknown): void {
    this.#queryable = false
    this.#failActive(error)
    this.emit("error", error)
  }

  #ended(): void {
    this.#broken(new Error("Connection terminated unexpectedly"))
    process.nextTick(() => this.emit("end"))
  }

  #failActive(error: unknown): void {
    const active = this.#active
    this.#active = undefined
    if (active !== undefined) process.nextTick(() => active.handleError(error, this.connection))
  }
}
