import { Socket } from "node:net"
import { setTimeout as sleep } from "node:timers/promises"
import type { Action, CutHow, Direction, Side } from "./action.ts"
import { DROP, endSocket, Flow } from "./flow.ts"
import type { Frame } from "./frames.ts"
import type { Hit } from "./hit.ts"
import type { Moment } from "./matcher.ts"
import { clientMessage, encode, errorFields, serverMessage, startupParameters, textAt } from "./messages.ts"
import { Pipeline } from "./pipeline.ts"
import type { ActiveRule } from "./rules.ts"

/** What the proxy knows of one of its connections. */
export interface ProxiedConnection {
  /** In the order of acceptance, from 1. */
  readonly nth: number
  /** From BackendKeyData; undefined before, and for cancel requests. Behind a pooler it is the pooler's. */
  readonly backendPid: number | undefined
  /** From the StartupMessage. */
  readonly user: string | undefined
  readonly database: string | undefined
  readonly applicationName: string | undefined
  /** Rules for messages do not fire on it: we cannot read them. */
  readonly encrypted: boolean
}

/** An action of a rule that has fired. */
interface Planned {
  readonly rule: ActiveRule
  readonly action: Action
  readonly hit: Hit
  /** The last one of its rule. */
  readonly last: boolean
}

/** One client's connection through the proxy: two sockets, two flows, and what the rules do to them. */
export class Connection {
  readonly nth: number
  readonly #client: Socket
  readonly #server: Socket = new Socket({ allowHalfOpen: true })
  readonly #toServer: Flow
  readonly #toClient: Flow
  readonly #rules: ReadonlySet<ActiveRule>
  readonly #pipeline = new Pipeline()
  readonly #stalls = new Set<() => void>()
  readonly #over = new AbortController()
  readonly #closed: Promise<void>
  #backendPid: number | undefined
  #startup: ReadonlyMap<string, string> = new Map()
  #clientMoment: Moment | undefined
  #serverMoment: Moment | undefined

  constructor(options: {
    readonly nth: number
    readonly client: Socket
    readonly target: { readonly host: string; readonly port: number }
    readonly rules: ReadonlySet<ActiveRule>
  }) {
    const { nth, client, target, rules } = options
    this.nth = nth
    this.#client = client
    this.#rules = rules
    for (const socket of [client, this.#server]) {
      socket.setNoDelay(true)
      // "close" follows and says the same.
      socket.on("error", () => {})
    }
    this.#closed = Promise.all([client, this.#server].map(closed)).then(() => this.#over.abort())
    this.#toServer = new Flow("client", client, this.#server, {
      before: (frame) => this.#beforeClient(frame),
      inside: () => this.#happened("inside", this.#clientMoment, this.#toServer),
      after: () => this.#happened("after", this.#clientMoment, this.#toServer),
      unreadable: () => this.#passBlindly(),
    })
    this.#toClient = new Flow("server", this.#server, client, {
      before: (frame) => this.#beforeServer(frame),
      inside: () => this.#happened("inside", this.#serverMoment, this.#toClient),
      after: () => this.#happened("after", this.#serverMoment, this.#toClient),
      unreadable: () => this.#passBlindly(),
    })

    const dialled = this.#toServer.hold()
    this.#server.once("connect", dialled)
    this.#run(this.#fired({ on: "connect" }), this.#toServer, () => {
      if (!this.#client.destroyed && !this.#server.destroyed) this.#server.connect(target)
    })
  }

  get info(): ProxiedConnection {
    return {
      nth: this.nth,
      backendPid: this.#backendPid,
      user: this.#startup.get("user"),
      database: this.#startup.get("database") ?? this.#startup.get("user"),
      applicationName: this.#startup.get("application_name"),
      encrypted: this.#toServer.mode === "opaque",
    }
  }

  /** Settles when both sockets are closed. */
  get closed(): Promise<void> {
    return this.#closed
  }

  cut(side: Side = "both", how: CutHow = "rst"): void {
    this.#toServer.discard()
    this.#toClient.discard()
    if (side !== "server") endSocket(this.#client, how)
    if (side !== "client") endSocket(this.#server, how)
  }

  /** Nothing passes. Returns how to end it; `resume` ends all. */
  stall(direction: Direction = "both"): () => void {
    return this.#until(this.#flowsOf(direction).map((flow) => flow.hold()))
  }

  /** Returns how to end it; `resume` ends all. */
  throttle(bytesPerSecond: number, direction: Direction = "both"): () => void {
    return this.#until(this.#flowsOf(direction).map((flow) => flow.throttle(bytesPerSecond)))
  }

  #flowsOf(direction: Direction): readonly Flow[] {
    if (direction === "both") return [this.#toServer, this.#toClient]
    return [direction === "toServer" ? this.#toServer : this.#toClient]
  }

  #until(releases: readonly (() => void)[]): () => void {
    const end = (): void => {
      this.#stalls.delete(end)
      for (const release of releases) release()
    }
    this.#stalls.add(end)
    return end
  }

  resume(): void {
    for (const end of this.#stalls) end()
  }

  destroy(): void {
    this.#client.destroy()
    this.#server.destroy()
    this.#over.abort()
  }

  #beforeClient(frame: Frame): void {
    const message = clientMessage(frame)
    if (message === undefined) {
      this.#clientMoment = undefined
      return
    }
    if (message === "StartupMessage") this.#startup = startupParameters(frame.payload)
    const moment: Moment = {
      from: "client",
      message,
      at: "before",
      sql: this.#pipeline.about(message, frame),
      fetch: this.#pipeline.fetches(message, frame),
    }
    this.#clientMoment = moment
    if (this.#isExpected({ ...moment, at: "inside" })) this.#toServer.tellMiddleOf(frame)
    this.#run(this.#fired(moment), this.#toServer, () => {
      if (this.#toServer.drops) return
      this.#pipeline.sent(message, frame)
      if (message === "StartupMessage") this.#toServer.mode = "messages"
      if (message === "SSLRequest" || message === "GSSENCRequest") this.#toClient.mode = "one-byte"
    })
  }

  #beforeServer(frame: Frame): void {
    const message = serverMessage(frame)
    if (message === undefined) {
      this.#serverMoment = undefined
      return
    }
    const { payload } = frame
    if (message === "BackendKeyData" && payload.length >= 4) this.#backendPid = payload.readInt32BE(0)
    const isAccepted = message === "EncryptionAnswer" && payload.toString("latin1") !== "N"
    const moment: Moment = {
      from: "server",
      message,
      at: "before",
      ...this.#pipeline.answered(message),
      tag: message === "CommandComplete" ? textAt(payload, 0).text : undefined,
      status: message === "ReadyForQuery" ? payload.toString("latin1") : undefined,
      code: message === "ErrorResponse" || message === "NoticeResponse" ? errorFields(payload).get("C") : undefined,
    }
    this.#serverMoment = moment
    if (this.#isExpected({ ...moment, at: "inside" })) this.#toClient.tellMiddleOf(frame)
    this.#run(this.#fired(moment), this.#toClient, () => {
      if (isAccepted) this.#passBlindly()
    })
  }

  #passBlindly(): void {
    this.#toServer.mode = "opaque"
    this.#toClient.mode = "opaque"
  }

  #happened(at: "inside" | "after", moment: Moment | undefined, flow: Flow): void {
    if (moment === undefined || "on" in moment) return
    this.#run(this.#fired({ ...moment, at }), flow, () => {})
  }

  /** Does any rule wait for this moment? */
  #isExpected(moment: Moment): boolean {
    for (const rule of this.#rules) if (rule.expects(moment)) return true
    return false
  }

  #fired(moment: Moment): readonly Planned[] {
    if (this.#rules.size === 0) return []
    const hit: Hit = {
      connection: this.nth,
      backendPid: this.#backendPid,
      applicationName: this.#startup.get("application_name"),
      sql: "sql" in moment ? moment.sql : [],
    }
    const planned: Planned[] = []
    for (const rule of this.#rules) {
      if (!rule.fires(moment, hit)) continue
      const last = rule.actions.length - 1
      planned.push(...rule.actions.map((action, index) => ({ rule, action, hit, last: index === last })))
    }
    return planned
  }

  /** One action after the other; where one has to be waited for, the flow waits too. */
  #run(planned: readonly Planned[], flow: Flow, then: () => void): void {
    for (const [index, one] of planned.entries()) {
      const waiting = this.#perform(one, flow)
      const over = (): void => {
        if (one.last) one.rule.isDone(one.hit)
      }
      if (waiting === undefined) {
        over()
        continue
      }
      void this.#runLater(waiting.then(over), planned.slice(index + 1), flow, then)
      return
    }
    then()
  }

  async #runLater(waiting: Promise<void>, rest: readonly Planned[], flow: Flow, then: () => void): Promise<void> {
    const release = flow.hold()
    await waiting
    this.#run(rest, flow, then)
    release()
  }

  /** Does it, or gives back what to wait for; that never rejects. */
  #perform({ action, rule, hit }: Planned, flow: Flow): Promise<void> | undefined {
    if (action.action === "call") return called(action.run, hit, rule)
    if (action.action === "throttle") {
      rule.waits(this.throttle(action.bytesPerSecond, action.direction))
      return undefined
    }
    if (action.action === "stall") return this.#stallFor(rule, action.direction, flow)
    if (action.action === "delay") {
      return sleep(action.delayMs, undefined, { signal: this.#over.signal }).catch(() => {})
    }
    if (action.action === "cut") this.cut(action.side, action.how)
    if (action.action === "truncate") {
      flow.fate = { bytes: action.bytes, done: () => this.cut("both", action.how) }
    }
    if (action.action === "inject") for (const message of action.messages) this.#toClient.inject(encode(message))
    if (action.action === "drop") flow.fate = DROP
    return undefined
  }

  #stallFor(rule: ActiveRule, direction: Direction, flow: Flow): Promise<void> | undefined {
    const { promise, resolve } = Promise.withResolvers<void>()
    const end = this.stall(direction)
    const release = (): void => {
      forget()
      this.#stalls.delete(release)
      end()
      resolve()
    }
    const forget = rule.waits(release)
    this.#stalls.add(release)
    // A stall of the other direction alone is nothing this one has to wait for.
    const ours = direction === "both" || (direction === "toServer") === (flow === this.#toServer)
    return ours ? promise : undefined
  }
}

function closed(socket: Socket): Promise<void> {
  return new Promise((resolve) => socket.once("close", () => resolve()))
}

async function called(run: (hit: Hit) => unknown, hit: Hit, rule: ActiveRule): Promise<void> {
  try {
    await run(hit)
  } catch (problem) {
    rule.hasFailed(problem)
  }
}
