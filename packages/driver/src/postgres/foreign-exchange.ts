import { Exchange } from "./exchange.ts"
import type { FieldDescription, PgWire } from "./internals.ts"

/** What others have written for `pg` to run, such as pg-cursor. Of the handlers it has those that it needs. */
export interface ForeignSubmittable {
  submit(wire: PgWire): unknown
  readonly name?: unknown
  readonly text?: unknown
  /** `pg.Query` looks in it for the parsers of types. */
  readonly _result?: unknown
}

const READY = "readyForQuery"

type Handler = `handle${
  | "RowDescription"
  | "DataRow"
  | "PortalSuspended"
  | "EmptyQuery"
  | "CommandComplete"
  | "CopyInResponse"
  | "CopyData"
  | "ReadyForQuery"
  | "Error"}`

/**
 * Somebody else speaks the protocol for a while: he sends what he likes, and hears what is answered to it. Nothing of it is
 * known, so nothing of it can be repeated.
 */
export class ForeignExchange extends Exchange {
  readonly #submittable: ForeignSubmittable
  #told = false
  #wire: PgWire | undefined
  /** Who waited for a ReadyForQuery before it began. */
  #others: ReadonlySet<unknown> = new Set()

  constructor(submittable: ForeignSubmittable) {
    super({ protocol: "simple", sql: "" })
    this.#submittable = submittable
  }

  /** `pg` notes under it what has been prepared. */
  get name(): unknown {
    return this.#submittable.name
  }

  get text(): unknown {
    return this.#submittable.text
  }

  get _result(): unknown {
    return this.#submittable._result
  }

  /** Whatever it has been told was what it has asked for. */
  override get answered(): boolean {
    return true
  }

  override submit(wire: PgWire): Error | null {
    this.sent = true
    this.#wire = wire
    this.#others = new Set(wire.rawListeners(READY))
    const refused = this.#try(() => this.#submittable.submit(wire))
    if (refused instanceof Error) {
      this.handleError(refused, wire)
      // Nothing was sent: so that there is an answer.
      wire.sync()
    }
    return null
  }

  override handleRowDescription(message: { readonly fields: readonly FieldDescription[] }): void {
    this.#tell("handleRowDescription", message)
  }

  override handleDataRow(message: { readonly fields: readonly (string | null)[] }): void {
    this.#tell("handleDataRow", message)
  }

  override handlePortalSuspended(wire?: PgWire): void {
    this.#tell("handlePortalSuspended", wire)
  }

  override handleEmptyQuery(wire?: PgWire): void {
    this.#tell("handleEmptyQuery", wire)
  }

  override handleCommandComplete(message: { readonly text: string }, wire?: PgWire): void {
    this.completed += 1
    this.#tell("handleCommandComplete", message, wire)
  }

  override handleCopyInResponse(wire: PgWire): void {
    this.#tell("handleCopyInResponse", wire)
  }

  override handleCopyData(message?: unknown, wire?: PgWire): void {
    this.#tell("handleCopyData", message, wire)
  }

  override handleReadyForQuery(wire?: PgWire): void {
    this.#tell("handleReadyForQuery", wire)
  }

  /**
   * Its connection is gone. pg-cursor closes itself when it has heard that, and then waits for a ReadyForQuery that nobody sends any more; until
   * then its stream (pg-query-stream) tells its reader nothing. So whoever waits for one now, or later, is let go.
   */
  letGo(): void {
    const wire = this.#wire
    if (wire === undefined) return
    for (const listener of wire.rawListeners(READY))
      if (!this.#others.has(listener)) setImmediate(() => void Reflect.apply(listener, wire, []))
    wire.on("newListener", (name: unknown, listener: () => void) => {
      if (name === READY) setImmediate(listener)
    })
  }

  /** Told once: the end of a connection comes from several sides. */
  override handleError(error: unknown, wire?: PgWire): void {
    super.handleError(error)
    if (this.#told) return
    this.#told = true
    this.#tell("handleError", error, wire)
  }

  #tell(handler: Handler, ...told: readonly unknown[]): void {
    const handle: unknown = Reflect.get(this.#submittable, handler)
    if (typeof handle !== "function") return
    const thrown = this.#try(() => {
      Reflect.apply(handle, this.#submittable, told)
    })
    if (thrown instanceof Error) super.handleError(thrown)
  }

  /** What a handler throws is its owner's: it surfaces as it would with `pg`, and must not end the connection's own work. */
  #try(work: () => unknown): unknown {
    try {
      return work()
    } catch (thrown) {
      process.nextTick(() => {
        throw thrown
      })
      return thrown
    }
  }
}
