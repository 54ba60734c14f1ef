import type { Failure } from "../failure/failure.ts"
import { Alarm } from "../foundation/alarm.ts"
import type { Clock, Timer } from "../foundation/clock.ts"
import type { ColumnReaders, Decoding } from "./decoding.ts"
import { Exchange, invalidResponse, type AbandonReason, type TransactionStatus } from "./exchange.ts"
import { textOf, type Request } from "./request.ts"
import type { PgClient, PgWire, ServerMessage } from "./internals.ts"
import type { Leftovers } from "./leftovers.ts"
import { takesWrites, type Reports } from "./reports.ts"
import { SessionTypes } from "./session-types.ts"
import { NOTHING_KNOWN, type SessionFacts } from "./session-facts.ts"

/** Why it can no longer be used, as far as is known: the server's last words, else the socket's error, else its end. */
export interface Death {
  readonly cause: unknown
}

/**
 *   idle ──run──▶ busy ──ReadyForQuery──▶ idle
 *     └─────── the socket, the server or we end it ───────▶ dead
 */
type ConnectionState =
  | { readonly state: "idle" }
  | { readonly state: "busy"; readonly exchange: Exchange; readonly done: (exchange: Exchange) => void }
  | { readonly state: "dead"; readonly death: Death }

interface ConnectionParts {
  readonly id: number
  readonly client: PgClient
  readonly clock: Clock
  /** Stops what is running, see `cancel.ts`; takes at most `cancelMs`. */
  readonly requestCancel: () => Promise<boolean>
  readonly cancelMs: number
  /** Opening it took this long. */
  readonly connectMs: number
  readonly reports?: Reports
  /** Where it leads, no server has taken writes of late. */
  readonly noPrimaryKnown?: () => boolean
  readonly decoding?: Decoding | undefined
  /** Makes its session as new, see `session.ts`. Default: it cannot be done. */
  readonly resetSession?: (connection: PgConnection) => Promise<boolean>
}

/** Hears what the server says on its own account, and nobody has asked for. Must not throw. */
export interface Audience {
  notice(message: unknown): void
  /** NOTIFY, on a channel that the session listens to. */
  notification(message: unknown): void
  /** It has died without having been closed by us. */
  lost(cause: unknown): void
}

/** Between the first cancel request and the second; then twice as long each time. Longer than a statement takes to begin. */
const CANCEL_AGAIN_MS = 10

/** An answer that is waited for, and how much has been heard while it is. */
export interface Awaited {
  /** Tells it from earlier and later ones. */
  readonly uses: number
  readonly heardBytes: number
}

/** How long a connection that was asked to end in order may take before its socket is destroyed. */
const FAREWELL_MS = 1_000

/**
 * So long after the server has had a cancel request, a connection on which not a byte has arrived leads nowhere: as after a
 * NAT that has forgotten it. A server at work answers within milliseconds, and whoever waits for a place cannot wait `cancelMs`.
 */
const SILENCE_MS = 100

/** Of that, a last look: a program that was busy finds its timers before what has arrived meanwhile. */
const LAST_LOOK_MS = 10

/**
 * One physical connection. Runs one Sync group at a time and hears everything that happens to it: its listeners stay
 * for its whole life, so nothing that a server does can become an unhandled `error` event.
 */
export class PgConnection {
  readonly id: number
  readonly connectMs: number
  readonly reports: Reports
  /** What is known of its database's types; undefined: the parsers of `pg` read them. */
  readonly types: SessionTypes | undefined
  /** Learnt when the session is set up. */
  facts: SessionFacts = NOTHING_KNOWN
  /** The session's own statement_timeout; 0 for none. */
  statementTimeoutMs = 0
  /** When that was last learnt: an administrator may change it any time, and nobody is told. */
  learntAt: number = Number.POSITIVE_INFINITY
  /** After this failure it must not be used by anybody else, though it still answers. */
  condemnedBy: Failure | undefined
  /** What those who used it may have left in its session. */
  leftovers: Leftovers = "nothing"
  audience: Audience | undefined
  readonly #client: PgClient
  readonly #clock: Clock
  readonly #requestCancel: () => Promise<boolean>
  readonly #cancelMs: number
  readonly #noPrimaryKnown: () => boolean
  readonly #resetSession: (connection: PgConnection) => Promise<boolean>
  readonly #readers: ColumnReaders
  #state: ConnectionState = { state: "idle" }
  #transactionStatus: TransactionStatus = "I"
  #lastWords: unknown
  #undead = false
  #exchanges = 0
  #onLost: ((connection: PgConnection) => void) | undefined
  /** One timer for the deadlines of all that runs here, most of which are never reached. Whoever is in use keeps the process alive. */
  readonly #alarm: Alarm
  /** Of what is running; Infinity for none. */
  #deadlineAt: number = Number.POSITIVE_INFINITY
  /** A CancelRequest is under way: until it has ended, it could still hit whatever runs here next. The timer is its limit. */
  #cancelling: Timer | undefined

  constructor(parts: ConnectionParts) {
    this.id = parts.id
    this.connectMs = parts.connectMs
    this.reports = parts.reports ?? new Map()
    this.#client = parts.client
    this.#clock = parts.clock
    this.#alarm = new Alarm(parts.clock, () => this.#watchDeadline(), { background: true })
    this.#requestCancel = parts.requestCancel
    this.#cancelMs = parts.cancelMs
    this.#noPrimaryKnown = parts.noPrimaryKnown ?? (() => false)
    this.#resetSession = parts.resetSession ?? (() => Promise.resolve(false))
    this.types = parts.decoding && new SessionTypes(parts.decoding, () => this.facts.pooled)
    this.#readers = this.types ?? parsersOf(this.#client)

    const wire = this.#client.connection
    this.#client.on("error", (error: unknown) => this.#die(error))
    this.#client.on("end", () => this.#die(new Error("Connection terminated unexpectedly")))
    this.#client.on("notice", (notice: ServerMessage) => this.#heed(notice))
    this.#client.on("notification", (message: unknown) => this.audience?.notification(message))
    wire.on("errorMessage", (error: ServerMessage) => this.#hearError(error))
    // Attached after the client's own listener: `pg` is ready for the next query when ours runs.
    wire.on("readyForQuery", (message: { readonly status: TransactionStatus }) => this.#ready(message.status))
  }

  /** The process that a CancelRequest is for; behind a pooler not the backend's. */
  get processId(): number {
    return this.#client.processID ?? 0
  }

  /** For whoever speaks the protocol himself. */
  get wire(): PgWire {
    return this.#client.connection
  }

  get transactionStatus(): TransactionStatus {
    return this.#transactionStatus
  }

  get dead(): Death | undefined {
    return this.#state.state === "dead" ? this.#state.death : undefined
  }

  get busy(): boolean {
    return this.#state.state === "busy"
  }

  /** The text of the statement that runs, without its parameters; undefined if none of a caller's does. */
  get running(): string | undefined {
    return this.#state.state === "busy" ? textOf(this.#state.exchange.request) : undefined
  }

  /**
   * It is dead, and its session on the server perhaps not: nobody there has said its end, and it was doing something. A COMMIT that can be
   * looked for is left to whoever looks.
   */
  get undead(): boolean {
    return this.#undead
  }

  /** How much it has been used; undefined while it is. */
  get activity(): number | undefined {
    return this.#state.state === "busy" ? undefined : this.#exchanges
  }

  /** Undefined if it waits for no answer, or has a time limit of its own for that; and where the socket counts no bytes. */
  get awaited(): Awaited | undefined {
    if (this.#state.state !== "busy" || this.#cancelling !== undefined || this.#state.exchange.ready !== undefined)
      return undefined
    const heardBytes: number | undefined = this.#client.connection.stream.bytesRead
    return heardBytes === undefined ? undefined : { uses: this.#exchanges, heardBytes }
  }

  /** Does its server take writes, see `Evidence`? */
  get serverWrites(): "yes" | "never" | undefined {
    if (!this.facts.pooled && takesWrites(this.reports)) return "yes"
    return this.#noPrimaryKnown() ? "never" : undefined
  }

  /** May it serve somebody else right now? */
  get reusable(): boolean {
    const { state } = this.#state
    if (this.condemnedBy !== undefined || this.#cancelling !== undefined) return false
    return state === "idle" && this.#transactionStatus === "I"
  }

  /** Told once, when the connection dies without having been closed by us. */
  onLost(listener: (connection: PgConnection) => void): void {
    this.#onLost = listener
  }

  /**
   * Sends a Sync group. `done` is called once: at its ReadyForQuery, or when the connection is gone. Nothing else may be running. At
   * `deadlineAt` it is abandoned.
   */
  run(exchange: Exchange, done: (exchange: Exchange) => void, deadlineAt: number = Number.POSITIVE_INFINITY): void {
    if (this.#state.state !== "idle") {
      exchange.handleError(
        this.#state.state === "dead" ? this.#state.death.cause : new Error("bug: the connection is busy"),
      )
      done(exchange)
      return
    }
    exchange.readers = this.#readers
    this.#state = { state: "busy", exchange, done }
    this.#exchanges += 1
    this.#deadlineAt = deadlineAt
    this.#alarm.by(deadlineAt)
    this.#client.query(exchange)
  }

  #watchDeadline(): void {
    if (this.#clock.now() < this.#deadlineAt) this.#alarm.by(this.#deadlineAt)
    else this.abandon("deadline")
  }

  /** `run` as a promise, for what is not on the hot path. */
  perform(request: Request): Promise<Exchange> {
    return new Promise((resolve) => this.run(new Exchange(request), resolve))
  }

  /** Undoes what was left in its session; false if it must not be used any more. Never rejects. */
  reset(): Promise<boolean> {
    return this.#resetSession(this)
  }

  /**
   * Stops what is running, because nobody waits for it any more: CancelRequest, wait for ReadyForQuery and for the end of
   * the cancel socket, together at most `cancelMs`; after that the connection is destroyed, and sooner if the cancel request got
   * through and nothing at all comes back. COMMIT is not cancelled (that would end a wait for the synchronous standby): it gets
   * the same time to answer, or half of it if its effect can be found out. The exchange settles as usual.
   */
  abandon(reason: AbandonReason): void {
    if (this.#state.state !== "busy" || this.#cancelling !== undefined) return
    const { exchange } = this.#state
    exchange.abandoned = reason
    // Half of it where it can be found out what became of it, which takes the other half.
    const limitMs = exchange.claim === undefined ? this.#cancelMs : this.#cancelMs / 2
    const timer = this.#clock.after(limitMs, () =>
      this.destroy(ended(`The server did not stop the statement within ${limitMs} ms (cancelMs)`)),
    )
    this.#cancelling = timer
    if (exchange.cancellable) this.#cancel(timer, { heard: this.#client.connection.stream.bytesRead })
    else this.#afterReady = this.#settleCancelled
  }

  /**
   * One that overtakes its statement finds the server at rest, and is forgotten by it: so it is said again as long as the
   * statement goes on. Each is over before the connection is used again.
   */
  #cancel(limit: Timer, { heard, againAfterMs }: { readonly heard: number; readonly againAfterMs?: number }): void {
    void this.#requestCancel().then((over) => {
      if (this.#cancelling !== limit) return
      // A cancel that may still be under way could hit the next statement: this connection has none.
      if (!over) return this.destroy(ended("The statement was abandoned and the cancel request did not get through"))
      if (this.#state.state !== "busy" || this.#state.exchange.ready !== undefined) return this.#settleCancelled()
      this.#afterReady = this.#settleCancelled
      if (againAfterMs === undefined) this.#suspectSilence(heard)
      const waitMs = againAfterMs ?? CANCEL_AGAIN_MS
      this.#cancelAgain = this.#clock.after(waitMs, () => {
        this.#afterReady = undefined
        this.#cancel(limit, { heard, againAfterMs: waitMs * 2 })
      })
    })
  }

  /** The server has had the cancel request: other than through this connection it can be reached. */
  #suspectSilence(heard: number): void {
    const ifSilent = (afterMs: number, act: () => void): void => {
      this.#silence = this.#clock.after(afterMs, () => {
        if (this.#client.connection.stream.bytesRead === heard) act()
      })
    }
    ifSilent(SILENCE_MS - LAST_LOOK_MS, () =>
      ifSilent(LAST_LOOK_MS, () =>
        this.destroy(ended("The server had the cancel request, and nothing came over this connection")),
      ),
    )
  }

  readonly #settleCancelled = (): void => {
    this.#endCancelling()
    this.#settleIfReady()
  }

  /** Ends the session on the server too, if it is still running something: a socket that closes stops no statement there. */
  kill(): void {
    if (this.#state.state !== "busy") return
    this.#state.exchange.abandoned = "abort"
    void this.#requestCancel()
    this.destroy(ended("The session was killed"))
  }

  /** Ends it in order (Terminate) if it is at rest, else at once. Never throws. */
  close(): void {
    this.#onLost = undefined
    this.#alarm.stop()
    if (this.#state.state !== "idle") return this.destroy(ended("The connection was closed"))
    this.#state = { state: "dead", death: { cause: ended("The connection was closed") } }
    const timer = this.#clock.after(FAREWELL_MS, () => this.#client.connection.stream.destroy(), { background: true })
    this.#client.connection.once("end", () => timer.cancel())
    this.#client.connection.end()
  }

  /** Ends it at once. What was running settles as lost. */
  destroy(cause: unknown): void {
    this.#client.connection.stream.destroy()
    this.#die(cause)
  }

  /** An idle connection does not keep the process alive. */
  rest(): void {
    this.#client.connection.stream.unref()
  }

  wake(): void {
    this.#client.connection.stream.ref()
  }

  #afterReady: (() => void) | undefined
  #cancelAgain: Timer | undefined
  #silence: Timer | undefined

  #endCancelling(): void {
    this.#cancelling?.cancel()
    this.#cancelling = undefined
    this.#cancelAgain?.cancel()
    this.#silence?.cancel()
    this.#silence = undefined
  }

  #ready(status: TransactionStatus): void {
    if (this.#state.state === "dead") return
    const exchange = this.#state.state === "busy" ? this.#state.exchange : undefined
    // Whatever came next would be taken for the answer to something else.
    if (exchange?.ready !== undefined || (exchange?.error === undefined && exchange?.answered !== true)) {
      return this.destroy(invalidResponse("ready for the next query, with this one not answered"))
    }
    if (status !== "I" && status !== "T" && status !== "E") {
      return this.destroy(invalidResponse("a transaction status that there is not"))
    }
    this.#transactionStatus = status
    this.#lastWords = undefined
    exchange.ready = status
    const afterReady = this.#afterReady
    this.#afterReady = undefined
    if (afterReady === undefined) this.#settleIfReady()
    else afterReady()
  }

  #settleIfReady(): void {
    if (this.#state.state !== "busy" || this.#cancelling !== undefined || this.#state.exchange.ready === undefined)
      return
    const { exchange, done } = this.#state
    this.#state = { state: "idle" }
    this.#deadlineAt = Number.POSITIVE_INFINITY
    done(exchange)
  }

  /** FATAL and PANIC end the session whatever follows; so does a frame that is none (the parser reports it without a severity). */
  #hearError(error: ServerMessage): void {
    const { severity } = error
    if (severity === "ERROR") return
    this.#lastWords ??= error
    if (this.#state.state === "busy") this.#state.exchange.handleError(error)
    // A localised severity may be an ERROR in another language: ReadyForQuery follows then, and never after FATAL.
    if (severity === "FATAL" || severity === "PANIC" || severity === undefined) this.destroy(error)
  }

  #heed(notice: ServerMessage): void {
    const { routine, code } = notice
    this.audience?.notice(notice)
    if (routine === "quickdie") this.#lastWords ??= notice
    if (this.#state.state !== "busy") return
    if (routine === "SyncRepWaitForLSN") this.#state.exchange.syncRepWait = true
    if (routine === "quickdie") this.#state.exchange.quickdie = true
    if (code === "25P01") this.#state.exchange.noTransaction = true
  }

  #die(cause: unknown): void {
    if (this.#state.state === "dead") return
    const before = this.#state
    const death = { cause: this.#lastWords ?? cause }
    const working = before.state === "busy" ? before.exchange.claim === undefined : this.#transactionStatus !== "I"
    this.#undead = working && this.#lastWords === undefined
    this.#state = { state: "dead", death }
    this.#alarm.stop()
    this.#endCancelling()
    this.#client.connection.stream.destroy()
    if (before.state === "busy") {
      // It may have been answered already, and have waited only for the end of a cancel request.
      if (before.exchange.ready === undefined) before.exchange.handleError(death.cause)
      before.done(before.exchange)
    }
    const onLost = this.#onLost
    this.#onLost = undefined
    onLost?.(this)
    if (onLost !== undefined) this.audience?.lost(death.cause)
  }
}

/** Why we end a connection, in the shape of a socket's own error. */
export function ended(message: string): Error {
  return Object.assign(new Error(message), { code: "ECONNABORTED" })
}

/** Asked each time: an application may set other parsers whenever it likes. */
function parsersOf(client: PgClient): ColumnReaders {
  return {
    readerOf: ({ dataTypeID }) => client.getTypeParser(dataTypeID, "text"),
    typeOf: ({ dataTypeID }) => String(dataTypeID),
  }
}
