import { classify } from "../failure/classify.ts"
import { untouched } from "../failure/effect.ts"
import type { Failure, Outcome } from "../failure/failure.ts"
import { refused } from "../failure/local.ts"
import { uuidV7 } from "../foundation/uuid.ts"
import { waitAfter } from "../policy/backoff.ts"
import { ended, type PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { quoted } from "./control.ts"
import type { Machine } from "./machine.ts"
import { rest } from "./rest.ts"

/** What a listener is told. Nothing follows a failure, or the end. */
export type Heard =
  /** From now on nothing is missed; what came before is for him to look up. */
  | { readonly heard: "subscribed" }
  | { readonly heard: "notification"; readonly payload: string }
  /** The connection was lost, and there is a new one: what was said in between is not known. */
  | { readonly heard: "gap"; readonly downMs: number }
  | { readonly heard: "failed"; readonly failure: Failure }
  /** The driver was closed. */
  | { readonly heard: "closed" }

/** Must not throw. */
export type Hear = (heard: Heard) => void

export interface ListenerParts {
  readonly machine: Machine
  /** A connection outside of the pool. */
  readonly open: (onLost: (connection: PgConnection) => void) => Promise<Outcome<PgConnection>>
  /** Does it still lead to its server? Ends it if not. */
  readonly check: (connection: PgConnection) => Promise<boolean>
  /** So often it is made sure that a connection on which nothing is said still leads somewhere, milliseconds. */
  readonly checkMs: number
  /** Runs it on another connection. */
  readonly say: (sql: string) => Promise<unknown>
  /** How long the server may take to answer, milliseconds. */
  readonly patienceMs: number
}

/** How long a notification of our own may take through a pooler before it is clear that none comes through. Milliseconds. */
const PROBE_MS = 2_000

const BEHIND_A_POOLER =
  "Nothing can be heard through this pooler: it gives each transaction another session, as PgBouncer does in transaction mode. " +
  "Listen on a database whose connection goes to the server itself, or to a pooler in session mode"

/**
 * All who listen, over one connection of their own, which is open as long as there are any. When it is lost another is opened, with
 * the pauses of any other retry, for as long as that may help.
 *
 *   asleep ──the first listens──▶ connecting ──LISTEN──▶ listening ──lost──▶ connecting
 *     ▲                              └──will not help──▶ all are told
 *     └── nobody listens any more, or the driver is closed ──┘
 */
export class Listener {
  readonly #parts: ListenerParts
  /** By channel, then by listener: does he know that he is subscribed? */
  readonly #channels = new Map<string, Map<Hear, boolean>>()
  #awake = false
  #closed = false
  #connection: PgConnection | undefined
  /** What it has to say to whoever looks after it: something has changed. */
  #nudge: (() => void) | undefined
  #probe: { readonly channel: string; readonly heard: () => void } | undefined

  constructor(parts: ListenerParts) {
    this.#parts = parts
  }

  /** Tells until the function that is returned is called. */
  listen(channel: string, hear: Hear): () => void {
    if (this.#closed) {
      hear({ heard: "closed" })
      return () => {}
    }
    const hearing = this.#channels.get(channel) ?? new Map<Hear, boolean>()
    this.#channels.set(channel, hearing)
    hearing.set(hear, false)
    if (this.#awake) this.#nudge?.()
    else void this.#stayAwake()
    return () => {
      hearing.delete(hear)
      if (hearing.size === 0 && this.#channels.get(channel) === hearing) this.#channels.delete(channel)
      this.#nudge?.()
    }
  }

  /** The driver is being closed. */
  close(): void {
    this.#closed = true
    this.#endAll({ heard: "closed" })
    this.#connection?.close()
    this.#nudge?.()
  }

  get #wanted(): boolean {
    return this.#channels.size > 0 && !this.#closed
  }

  async #stayAwake(): Promise<void> {
    const { machine } = this.#parts
    const { clock, limits, random } = machine
    this.#awake = true
    let tries = 0
    let lostAt: number | undefined
    while (this.#wanted) {
      const failure = await this.#whileConnected(() => {
        const downMs = lostAt === undefined ? 0 : clock.now() - lostAt
        tries = 0
        lostAt = undefined
        return downMs
      })
      if (!this.#wanted) break
      lostAt ??= clock.now()
      if (failure.retry === "never") {
        this.#endAll({ heard: "failed", failure })
        break
      }
      tries += 1
      await rest(machine, { failure, ...waitAfter(failure, tries, limits, random) })
    }
    this.#awake = false
  }

  /** From the opening of one connection to its end, of which it answers the reason. `back` says how long there was none. */
  async #whileConnected(back: () => number): Promise<Failure> {
    const opened = await this.#parts.open(() => this.#nudge?.())
    if (!opened.ok) return opened.failure
    const connection = opened.value
    this.#connection = connection
    connection.audience = { notice: () => {}, notification: (message) => this.#heard(message), lost: () => {} }
    let wrong = connection.facts.pooled ? await this.#deafness(connection) : undefined
    let downMs: number | undefined
    const subscribed = new Set<string>()
    while (wrong === undefined && this.#wanted && connection.dead === undefined) {
      const due = this.#difference(subscribed)
      if (due === undefined) {
        await this.#changed(connection)
        continue
      }
      const { error } = await this.#perform(connection, `${due.do} ${quoted(due.channel)}`)
      if (error !== undefined) wrong = this.#failure(causeOf(connection) ?? error)
      else if (due.do === "unlisten") subscribed.delete(due.channel)
      else {
        subscribed.add(due.channel)
        downMs ??= back()
        this.#tellSubscribed(due.channel, downMs)
      }
    }
    this.#connection = undefined
    const failure = wrong ?? this.#failure(causeOf(connection))
    connection.close()
    return failure
  }

  /** What has to be said to the server next, for it to know who listens; who joined others is told on the way. */
  #difference(
    subscribed: ReadonlySet<string>,
  ): { readonly do: "listen" | "unlisten"; readonly channel: string } | undefined {
    for (const [channel, hearing] of this.#channels) {
      if (!subscribed.has(channel)) return { do: "listen", channel }
      for (const [hear, told] of hearing) {
        if (told) continue
        hearing.set(hear, true)
        hear({ heard: "subscribed" })
      }
    }
    for (const channel of subscribed) if (!this.#channels.has(channel)) return { do: "unlisten", channel }
    return undefined
  }

  /** Until there is something to do. A connection on which nothing is heard is looked at now and then. */
  async #changed(connection: PgConnection): Promise<void> {
    const { machine, check, checkMs } = this.#parts
    const late = await new Promise<boolean>((resolve) => {
      const timer = machine.clock.after(checkMs, () => resolve(true), { background: true })
      this.#nudge = () => {
        timer.cancel()
        resolve(false)
      }
    })
    this.#nudge = undefined
    if (late && connection.dead === undefined) await check(connection)
  }

  async #perform(connection: PgConnection, sql: string): Promise<Exchange> {
    const { machine, patienceMs } = this.#parts
    const timer = machine.clock.after(patienceMs, () =>
      connection.destroy(ended(`The server did not answer within ${patienceMs} ms`)),
    )
    const exchange = await connection.perform({ protocol: "simple", sql })
    timer.cancel()
    return exchange
  }

  /** Why nothing would be heard, if that is so: what somebody else says to us through the pooler does not arrive. */
  async #deafness(connection: PgConnection): Promise<Failure | undefined> {
    const { machine, say } = this.#parts
    const channel = `kysely_resilient_${uuidV7(machine.clock.wallTime(), machine.random)}`
    const { error } = await this.#perform(connection, `listen ${quoted(channel)}`)
    if (error !== undefined) return this.#failure(causeOf(connection) ?? error)
    const heard = await new Promise<boolean>((resolve) => {
      const timer = machine.clock.after(PROBE_MS, () => resolve(false))
      this.#probe = {
        channel,
        heard: () => {
          timer.cancel()
          resolve(true)
        },
      }
      void say(`select pg_notify('${channel}', '')`)
    })
    this.#probe = undefined
    if (!heard) return refused({ why: BEHIND_A_POOLER, evidence: untouched("read") })
    await this.#perform(connection, `unlisten ${quoted(channel)}`)
    return undefined
  }

  #heard(message: unknown): void {
    if (typeof message !== "object" || message === null || !("channel" in message)) return
    const { channel } = message
    if (channel === this.#probe?.channel) return this.#probe?.heard()
    const payload = "payload" in message && typeof message.payload === "string" ? message.payload : ""
    if (typeof channel !== "string") return
    for (const [hear, told] of this.#channels.get(channel) ?? []) if (told) hear({ heard: "notification", payload })
  }

  #tellSubscribed(channel: string, downMs: number): void {
    const hearing = this.#channels.get(channel)
    for (const [hear, told] of hearing ?? []) {
      hearing?.set(hear, true)
      hear(told ? { heard: "gap", downMs } : { heard: "subscribed" })
    }
  }

  /** The last that they hear. */
  #endAll(last: Heard): void {
    const everybody = [...this.#channels.values()].flatMap((hearing) => [...hearing.keys()])
    this.#channels.clear()
    for (const hear of everybody) hear(last)
  }

  #failure(cause: unknown): Failure {
    return classify(cause, { ...untouched("read"), everConnected: true })
  }
}

function causeOf({ dead }: PgConnection): unknown {
  return dead?.cause
}
