import { createServer, type Server, type Socket } from "node:net"
import { freePort } from "../embedded/port.ts"
import { cut, inject, type Action, type CutHow, type Direction, type Side } from "./action.ts"
import { Connection, type ProxiedConnection } from "./connection.ts"
import { onConnect, onStartup } from "./instants.ts"
import type { Matcher } from "./matcher.ts"
import type { ErrorFields } from "./messages.ts"
import { ActiveRule, type Rule, type RuleHandle } from "./rules.ts"

interface Address {
  readonly host: string
  readonly port: number
}

export interface FaultProxyOptions {
  /** The server behind it: a `PostgresServer`, or the URL of any of its databases. */
  readonly target: Address | string
  /** Default: a free one. */
  readonly port?: number
}

/**
 * Starts a proxy on 127.0.0.1 that understands PostgreSQL's protocol, and passes everything on until a rule or a
 * control says otherwise. Encrypted connections pass too, but nobody can name an instant in them.
 */
export async function startFaultProxy(options: FaultProxyOptions): Promise<FaultProxy> {
  const PORTS_MAX = options.port === undefined ? 5 : 1
  const target = typeof options.target === "string" ? addressIn(options.target) : options.target
  for (let tries = 1; ; tries++) {
    const proxy = new FaultProxy(target, options.port ?? (await freePort()))
    try {
      await proxy.listen()
      return proxy
    } catch (error) {
      if (tries === PORTS_MAX) throw error
    }
  }
}

export class FaultProxy implements AsyncDisposable {
  readonly host: string = "127.0.0.1"
  readonly port: number
  readonly #target: Address
  readonly #rules = new Set<ActiveRule>()
  readonly #connections = new Set<Connection>()
  #listener: Server | undefined
  #accepted = 0
  #stalled: Direction | undefined
  #throttled: { readonly bytesPerSecond: number; readonly direction: Direction } | undefined
  #refusing: RuleHandle | undefined

  /** Use `startFaultProxy`. */
  constructor(target: Address, port: number) {
    this.#target = { host: target.host, port: target.port }
    this.port = port
  }

  /** The same database, through the proxy. */
  url(databaseUrl: string): string {
    const url = new URL(databaseUrl)
    url.hostname = this.host
    url.port = String(this.port)
    return url.href
  }

  /** From now on: at this instant, do this. */
  rule(rule: Rule): RuleHandle {
    const active = new ActiveRule(rule)
    this.#rules.add(active)
    return active
  }

  /** No rule fires any more; what they stalled stays stalled until `resumeAll()`. */
  clearRules(): void {
    for (const rule of this.#rules) rule.remove()
    this.#rules.clear()
    this.#refusing = undefined
  }

  /**
   * Ends the next `count` connections as soon as they are accepted, or, with `true`, all until `refuse(false)`: by a
   * reset, by an orderly end, or with an error that the server would send ("too many clients", "starting up"). For a
   * port on which nobody listens, see `stopListening`.
   */
  refuse(count: number | boolean, how: CutHow | ErrorFields = "rst"): void {
    this.#refusing?.remove()
    const times = count === true ? Number.POSITIVE_INFINITY : Number(count)
    this.#refusing = times > 0 ? this.rule({ ...refusal(how), times }) : undefined
  }

  /** Open ones, half-open ones included, in the order of acceptance. */
  get connections(): readonly ProxiedConnection[] {
    return [...this.#connections].map(({ info }) => info)
  }

  /** How many were accepted since the start. */
  get accepted(): number {
    return this.#accepted
  }

  /** Returns how many there were. */
  cutAll(options: { readonly side?: Side; readonly how?: CutHow } = {}): number {
    const count = this.#connections.size
    for (const connection of this.#connections) connection.cut(options.side, options.how)
    return count
  }

  /** A network that swallows everything, for present and new connections, until `resumeAll()`. */
  stallAll(direction: Direction = "both"): void {
    this.#stalled = direction
    for (const connection of this.#connections) connection.stall(direction)
  }

  /** A slow line, for present and new connections, until `resumeAll()`. */
  throttleAll(bytesPerSecond: number, direction: Direction = "both"): void {
    this.#throttled = { bytesPerSecond, direction }
    for (const connection of this.#connections) connection.throttle(bytesPerSecond, direction)
  }

  /** Ends every stall and throttle, those of rules too. */
  resumeAll(): void {
    this.#stalled = undefined
    this.#throttled = undefined
    for (const connection of this.#connections) connection.resume()
  }

  /** New connections are refused by the system (ECONNREFUSED); present ones go on. Until `listen()`. */
  async stopListening(): Promise<void> {
    const listener = this.#listener
    this.#listener = undefined
    if (listener === undefined) return
    // Its callback waits for the present connections too; the port is free at once.
    listener.close()
  }

  /** Listens again, on the same port. */
  async listen(): Promise<void> {
    if (this.#listener !== undefined) return
    const listener = createServer({ allowHalfOpen: true, noDelay: true }, (client) => this.#accept(client))
    await new Promise<void>((resolve, reject) => {
      listener.once("error", reject)
      listener.listen(this.port, this.host, () => {
        listener.off("error", reject)
        listener.on("error", () => {})
        resolve()
      })
    })
    this.#listener = listener
  }

  /** Ends every connection and stops listening. Again: does nothing. */
  async close(): Promise<void> {
    await this.stopListening()
    const open = [...this.#connections]
    for (const connection of open) connection.destroy()
    await Promise.all(open.map(({ closed }) => closed))
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #accept(client: Socket): void {
    this.#accepted++
    for (const rule of this.#rules) if (rule.spent) this.#rules.delete(rule)
    const connection = new Connection({ nth: this.#accepted, client, target: this.#target, rules: this.#rules })
    if (this.#stalled !== undefined) connection.stall(this.#stalled)
    if (this.#throttled !== undefined) connection.throttle(this.#throttled.bytesPerSecond, this.#throttled.direction)
    this.#connections.add(connection)
    void connection.closed.then(() => this.#connections.delete(connection))
  }
}

function refusal(how: CutHow | ErrorFields): { readonly when: Matcher; readonly do: readonly Action[] } {
  if (typeof how === "string") return { when: onConnect, do: [cut({ how })] }
  return { when: onStartup, do: [inject({ kind: "ErrorResponse", severity: "FATAL", ...how }), cut({ how: "fin" })] }
}

function addressIn(databaseUrl: string): Address {
  const { hostname, port } = new URL(databaseUrl)
  return { host: hostname, port: port === "" ? 5432 : Number(port) }
}
