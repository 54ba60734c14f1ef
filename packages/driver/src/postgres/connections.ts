import { classify } from "../failure/classify.ts"
import { untouched } from "../failure/effect.ts"
import { connectTimeout, primaryMissing } from "../failure/local.ts"
import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import type { Clock } from "../foundation/clock.ts"
import type { Resources } from "../pool/resources.ts"
import { connects, trace, type WaitMessage } from "../telemetry/channels.ts"
import type { DiscardReason } from "../telemetry/events.ts"
import type { DatabaseIdentity } from "../telemetry/identity.ts"
import { requestCancel, type CancelTarget } from "./cancel.ts"
import type { BackendIdentity } from "./claim.ts"
import { requireChannelBinding } from "./channel-binding.ts"
import type { Decoding } from "./decoding.ts"
import { ended, PgConnection } from "./connection.ts"
import type { Exchange } from "./exchange.ts"
import { createPgClient, type MakeSocket, type PgClient, type PgClientConfig } from "./internals.ts"
import type { Sabotage } from "./sabotage.ts"
import { afterOpening, afterRefusal, unsure, type Primary } from "./primary.ts"
import { reportsOf, type Reports } from "./reports.ts"
import { FACTS, FEWER_FACTS, sessionFacts, type ServerSummary } from "./session-facts.ts"
import { askForIntervals, greet, resetSession, type OnConnect } from "./session.ts"
import type { ConnectionSettings } from "./settings.ts"

export interface ConnectionsParts {
  readonly database: DatabaseIdentity
  readonly settings: Outcome<ConnectionSettings>
  readonly connectMs: number
  readonly cancelMs: number
  readonly onConnect: OnConnect | undefined
  readonly clock: Clock
  /** Told of each that is closed, for whatever reason; once. */
  readonly onClosed?: ((connection: PgConnection, reason: DiscardReason) => void) | undefined
  /** Told of a session that is lost to us, and may still be doing something on the server. */
  readonly onUndead?: (backend: BackendIdentity) => void
  /** Of the option `buggify`. */
  readonly sabotage?: Sabotage | undefined
  /** How long a server that takes writes is looked for, where there was one; readers wait as long. Default 0. */
  readonly primarySearchMs?: number
  /** Default: the parsers of `pg`. */
  readonly decoding?: Decoding | undefined
  /** Default: Node's sockets. */
  readonly makeSocket?: MakeSocket | undefined
}

/** How the pool opens, checks and closes physical connections. */
export class Connections implements Resources<PgConnection> {
  readonly #parts: ConnectionsParts
  /** Those that are on their way: how to end them. */
  readonly #opening = new Set<() => void>()
  #lastId = 0
  #everConnected = false
  #server: ServerSummary | undefined
  #primary: Primary = unsure

  constructor(parts: ConnectionsParts) {
    this.#parts = parts
  }

  open(onLost: (connection: PgConnection) => void): Promise<Outcome<PgConnection>> {
    if (!connects.hasSubscribers) return this.#open(onLost)
    const message: WaitMessage = { database: this.#parts.database, error: undefined }
    return trace(
      connects,
      message,
      () => this.#open(onLost),
      (outcome) => {
        if (!outcome.ok) message.error = outcome.failure
      },
    )
  }

  async #open(onLost: (connection: PgConnection) => void): Promise<Outcome<PgConnection>> {
    const { settings } = this.#parts
    if (!settings.ok) return settings
    const startedAt = this.#parts.clock.now()
    let outcome = await this.#openAnyWay(settings.value, startedAt)
    if (!outcome.ok && outcome.failure.heal === "new_credentials" && settings.value.passwordMayChange) {
      outcome = await this.#openAnyWay(settings.value, startedAt)
    }
    if (!outcome.ok) return outcome
    const connection = outcome.value
    if (connection.dead !== undefined) return failed(this.#failure(connection.dead.cause))
    connection.onLost(onLost)
    return outcome
  }

  async #openAnyWay(settings: ConnectionSettings, startedAt: number): Promise<Outcome<PgConnection>> {
    let outcome: Outcome<PgConnection> = failed(this.#failure(new Error("bug: no way to connect was planned")))
    for (const way of settings.tls.attempts) {
      outcome = await this.#openOne(settings, way, startedAt)
      if (outcome.ok || !wasRefused(outcome.failure)) break
    }
    return outcome
  }

  /** Nobody wants them any more. They fail at once, and what will be opened from now on is not affected. */
  giveUpOpening(): void {
    for (const giveUp of this.#opening) giveUp()
  }

  /** What the server said of itself when the last connection was opened. */
  get server(): ServerSummary | undefined {
    return this.#server
  }

  idOf(connection: PgConnection): number {
    return connection.id
  }

  /** An empty Sync group: one round trip, nothing to parse. */
  async check(connection: PgConnection): Promise<boolean> {
    const timer = this.#parts.clock.after(this.#parts.cancelMs, () =>
      connection.destroy(ended(`An idle connection did not answer within ${this.#parts.cancelMs} ms`)),
    )
    const exchange = await connection.perform({ protocol: "extended", steps: [] })
    timer.cancel()
    return exchange.ready === "I"
  }

  reusable(connection: PgConnection): boolean {
    return connection.reusable
  }

  activity(connection: PgConnection): number | undefined {
    return connection.activity
  }

  deathOf({ dead }: PgConnection): Failure | undefined {
    return dead && classify(dead.cause, { ...untouched("idle"), everConnected: this.#everConnected })
  }

  close(connection: PgConnection, reason: DiscardReason): void {
    const { condemnedBy, facts, undead } = connection
    if (undead && facts.backend !== undefined) this.#parts.onUndead?.(facts.backend)
    if (condemnedBy?.kind === "read_only_transaction" && condemnedBy.heal === "find_primary") {
      this.#primary = afterRefusal(this.#primary, this.#parts.clock.now(), this.#parts.primarySearchMs ?? 0)
    }
    connection.close()
    this.#parts.onClosed?.(connection, reason)
  }

  rest(connection: PgConnection): void {
    connection.rest()
  }

  wake(connection: PgConnection): void {
    connection.wake()
  }

  async #openOne(
    settings: ConnectionSettings,
    way: "plain" | "tls",
    startedAt: number,
  ): Promise<Outcome<PgConnection>> {
    const ssl: PgClientConfig["ssl"] = way === "tls" ? (settings.tls.tls ?? {}) : false
    // What we know better than the error that comes of it.
    let known: Failure | undefined
    const password = async (): Promise<string> => {
      // Once the server was refused, nobody gets it.
      const asked = known === undefined ? await settings.password() : failed(known)
      if (asked.ok) return asked.value
      known = asked.failure
      throw new Error(asked.failure.message)
    }
    let client: PgClient
    try {
      client = createPgClient({
        host: settings.host,
        port: settings.port,
        user: settings.user,
        database: settings.database,
        password,
        ssl,
        enableChannelBinding: way === "tls" && settings.channelBinding !== "disable",
        keepAlive: settings.keepAlive,
        keepAliveInitialDelayMillis: settings.keepAliveDelayMs,
        ...(this.#parts.makeSocket !== undefined && { stream: this.#parts.makeSocket }),
        ...(settings.applicationName !== undefined && { application_name: settings.applicationName }),
        ...(settings.options !== undefined && { options: settings.options }),
      })
    } catch (cause) {
      return failed(this.#failure(cause))
    }
    // From its first moment to its last somebody listens; what matters arrives elsewhere too.
    client.on("error", () => {})
    this.#parts.sabotage?.open(client)
    const reports = reportsOf(client.connection)
    if (settings.channelBinding === "require") {
      requireChannelBinding(client.connection, (failure) => {
        known = failure
      })
    }
    const { connectMs } = this.#parts
    let timedOut = false
    const timer = this.#parts.clock.after(connectMs, () => {
      timedOut = true
      client.connection.stream.destroy(ended("timed out"))
    })
    const giveUp = (): void => void client.connection.stream.destroy(ended("The driver was closed"))
    this.#opening.add(giveUp)
    const opened = await this.#login(client, settings, ssl, startedAt, reports)
    this.#opening.delete(giveUp)
    timer.cancel()
    if (opened.ok) return opened
    client.connection.stream.destroy()
    if (timedOut) return failed(connectTimeout({ limitMs: connectMs, everConnected: this.#everConnected }))
    return known === undefined ? opened : failed(known)
  }

  async #login(
    client: PgClient,
    settings: ConnectionSettings,
    ssl: PgClientConfig["ssl"],
    startedAt: number,
    reports: Reports,
  ): Promise<Outcome<PgConnection>> {
    const error = await new Promise<unknown>((resolve) => {
      // `pg` tells some failures of start-up only as an event, and the end of the socket only as its own end.
      client.on("error", resolve)
      client.on("end", () => resolve(new Error("Connection terminated unexpectedly")))
      try {
        client.connect((failure) => resolve(failure ?? undefined))
      } catch (cause) {
        resolve(cause)
      }
    })
    if (error !== undefined) return failed(this.#failure(error))
    this.#everConnected = true

    this.#lastId += 1
    const { clock, cancelMs, connectMs, onConnect, makeSocket, decoding } = this.#parts
    const target: CancelTarget = {
      host: settings.host,
      port: settings.port,
      ssl,
      makeSocket,
      processId: client.processID ?? 0,
      secretKey: client.secretKey ?? 0,
    }
    const parts = {
      id: this.#lastId,
      client,
      clock,
      requestCancel: () => requestCancel(target, clock, cancelMs),
      cancelMs,
      connectMs: clock.now() - startedAt,
      reports,
      decoding,
      noPrimaryKnown: () => this.#primary.state === "unsure",
      resetSession: (used: PgConnection) =>
        resetSession(used, onConnect, clock, { resetMs: cancelMs, greetMs: connectMs }),
    }
    const connection = new PgConnection(parts)
    const prepared = await this.#setUp(connection)
    if (!prepared.ok) connection.close()
    else this.#parts.sabotage?.work(client, connection.id)
    return prepared.ok ? success(connection) : prepared
  }

  /** The user's `onConnect`, then what we need to know of the session as it is now. */
  async #setUp(connection: PgConnection): Promise<Outcome<void>> {
    const { onConnect } = this.#parts
    if (onConnect !== undefined) {
      try {
        // A hook that hangs must not hold its slot: when the time to connect is over, the connection is lost.
        const lost = new Promise<never>((_, reject) => connection.onLost((gone) => reject(gone.dead?.cause)))
        await Promise.race([greet(connection, onConnect), lost])
      } catch (cause) {
        return failed(this.#failure(connection.dead?.cause ?? cause))
      }
    }
    let exchange = await learn(connection, FACTS)
    // An accident must not cost the session its proofs: only what the server does not tell is not asked again.
    if (mishapOf(exchange) === "accident") exchange = await learn(connection, FACTS)
    if (mishapOf(exchange) !== undefined) exchange = await learn(connection, FEWER_FACTS)
    if (exchange.error !== undefined) return failed(this.#failure(exchange.error))
    const facts = sessionFacts(exchange.learnt ?? [], connection.processId)
    connection.facts = facts
    const { serverVersion: version, takesWrites, pooled } = facts
    this.#server = Object.freeze({ version, takesWrites, pooled })
    connection.statementTimeoutMs = facts.statementTimeoutMs
    connection.learntAt = this.#parts.clock.now()
    const unreadable = await askForIntervals(connection)
    if (unreadable !== undefined) return failed(this.#failure(unreadable))
    const { primary, welcome } = afterOpening(this.#primary, facts.takesWrites, connection.learntAt)
    this.#primary = primary
    return welcome ? success(undefined) : failed(primaryMissing())
  }

  #failure(thrown: unknown): Failure {
    return classify(thrown, { ...untouched("connect"), everConnected: this.#everConnected })
  }
}

function learn(connection: PgConnection, sql: string): Promise<Exchange> {
  return connection.perform({ protocol: "extended", steps: [{ do: "learn", sql }] })
}

/** Why there was no answer on a connection that still answers: the server does not tell, or something came in between. */
function mishapOf({ error, ready }: Exchange): "refusal" | "accident" | undefined {
  if (error === undefined || ready === undefined) return undefined
  const code = typeof error === "object" && error !== null && "code" in error ? error.code : undefined
  // No such function or relation, no privilege; or no such thing on a server of another make.
  return typeof code === "string" && /^(?:42|0A)/.test(code) ? "refusal" : "accident"
}

/** libpq tries the other way when this one was refused (with or without TLS), not when nobody answered. */
function wasRefused(failure: Failure): boolean {
  return (
    failure.origin === "tls" ||
    failure.origin === "server" ||
    failure.origin === "pooler" ||
    /\bSSL\b/.test(failure.message)
  )
}
