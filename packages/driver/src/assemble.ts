import type { CompiledQuery, Dialect } from "kysely"

import type {
  Engine,
  LeaseHandle,
  LeaseOptions,
  ReadyReport,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
} from "./engine.ts"
import { runAlone } from "./execution/alone.ts"
import { controlQuery } from "./execution/control.ts"
import { KnownTexts } from "./execution/known-texts.ts"
import { Lease } from "./execution/lease.ts"
import { Listener, type Hear } from "./execution/listener.ts"
import type { Machine } from "./execution/machine.ts"
import { rest, type Rest } from "./execution/rest.ts"
import { SqlComments } from "./execution/sql-comments.ts"
import { allResults, failedLike, lastResult, refuse } from "./execution/settled.ts"
import type { Effect, Failure, Outcome } from "./failure/failure.ts"
import { refused } from "./failure/local.ts"
import { systemClock, type Clock, type Random } from "./foundation/clock.ts"
import { deadlineAfter } from "./foundation/deadline.ts"
import { uuidV7 } from "./foundation/uuid.ts"
import { EngineDialect } from "./kysely/dialect.ts"
import type { DriverOptions } from "./options.ts"
import { configurationOf, type Configuration } from "./options/configuration.ts"
import { resolveOptions, type ResolvedOptions } from "./options/resolve.ts"
import { Unfinished } from "./execution/unfinished.ts"
import { Breaker } from "./policy/breaker.ts"
import { Budget } from "./policy/budget.ts"
import { probePauseMs } from "./policy/probing.ts"
import { Strikes } from "./policy/strikes.ts"
import type { ConnectionSettings } from "./postgres/settings.ts"
import { ended, type PgConnection } from "./postgres/connection.ts"
import { Connections, type ConnectionsParts } from "./postgres/connections.ts"
import type { Decoding } from "./postgres/decoding.ts"
import { Sabotage } from "./postgres/sabotage.ts"
import type { SqlTags } from "./postgres/sql-comment.ts"
import { searchMsWithin } from "./postgres/primary.ts"
import type { MakeSocket } from "./postgres/internals.ts"
import type { OnConnect } from "./postgres/session.ts"
import { HoardingPool } from "./pool/hoarding-pool.ts"
import { Pool, type PoolParts } from "./pool/pool.ts"
import type { Holder } from "./pool/waiters.ts"
import { STANDBY_WAIT_MS } from "./resolution/course.ts"
import { MarkerPurge, TOKEN_LIFE_MS } from "./resolution/marker-purge.ts"
import { Reaper } from "./resolution/reaper.ts"
import { Resolver } from "./resolution/resolver.ts"
import { askRow, SideConnection } from "./resolution/side-connection.ts"
import { Standby } from "./resolution/standby.ts"
import { readToken } from "./resolution/token.ts"
import { Watch } from "./resolution/watch.ts"
import { connectionsSnapshot } from "./connections-snapshot.ts"
import { circuitSnapshot, type ConnectionSnapshot, type DriverSnapshot } from "./snapshot.ts"
import type { Told } from "./telemetry/events.ts"
import { publish } from "./telemetry/channels.ts"
import { giveUpName, takeName, type DatabaseIdentity } from "./telemetry/identity.ts"
import { Metrics } from "./telemetry/metrics.ts"
import { combineObservers } from "./telemetry/observer.ts"
import { PoolTimes } from "./telemetry/pool-times.ts"

/** How values are read; and time, chance and the network, for tests and simulations. */
export interface Surroundings {
  readonly clock?: Clock
  readonly random?: Random
  /** Everything above the socket stays as it is: TLS is what it cannot do. */
  readonly makeSocket?: MakeSocket
  /** How values are read. Default: by the parsers of `pg`. */
  readonly decoding?: Decoding | undefined
  /** What else is known of who sends a statement, for its comment. */
  readonly tags?: () => SqlTags | undefined
}

/** What a facade in front of the engine has to do with its connections. */
export interface Facing {
  /** In the place of the option `onConnect`. */
  readonly greet: OnConnect
  readonly onClosed: NonNullable<ConnectionsParts["onClosed"]>
  /** After so many uses a connection is closed. */
  readonly usesMax: number | undefined
}

/** An engine, and what it is made of. */
export interface Assembled extends Engine {
  readonly machine: Machine
  readonly settings: Outcome<ConnectionSettings>
}

/** Puts the parts together. Never connects; throws `OptionsError` for bad options and nothing else. */
export function createEngine(options: DriverOptions = {}, surroundings: Surroundings = {}): Engine {
  return assemble(options, surroundings)
}

/**
 * The engine together with what it is made of, for a facade that is not Kysely's.
 *
 * @param options `DriverOptions`, if whoever has put them together got them right
 */
export function assemble(options: unknown, surroundings: Surroundings = {}, facing?: Facing): Assembled {
  return new AssembledEngine(resolveOptions(options, process.env), surroundings, facing)
}

class AssembledEngine implements Assembled {
  readonly #options: ResolvedOptions
  readonly #clock: Clock
  readonly #metrics: Metrics
  readonly #times: PoolTimes
  readonly #pool: Pool<PgConnection>
  readonly machine: Machine
  readonly #connections: Connections
  readonly #side: SideConnection
  readonly #standbySide: SideConnection
  readonly #resolver: Resolver
  readonly #watch: Watch<PgConnection>
  readonly #listener: Listener
  readonly #closing = new AbortController()
  #closed: Promise<void> | undefined

  constructor(options: ResolvedOptions, surroundings: Surroundings, facing: Facing | undefined) {
    const { clock = systemClock, random = Math.random, makeSocket, decoding, tags } = surroundings
    const { onConnect, pool: poolOptions } = options
    this.#options = options
    this.#clock = clock
    this.#metrics = new Metrics(clock)
    const database = identityOf(options)
    this.#times = new PoolTimes(database)
    const observe = combineObservers(
      [this.#metrics.observe, (event) => publish(database, event), options.observer, options.log],
      this.#metrics.observerFailed,
    )
    const strikes =
      options.buggify &&
      new Strikes(options.buggify, (kind, connectionId) =>
        observe({
          at: clock.wallTime(),
          name: "buggify.struck",
          kind,
          ...(connectionId !== undefined && { connectionId }),
        }),
      )
    this.#connections = new Connections({
      database,
      sabotage: strikes && new Sabotage(strikes, clock),
      settings: options.connection,
      connectMs: options.timeouts.connectMs,
      cancelMs: options.timeouts.cancelMs,
      // What it is told beside the session is not for users.
      onConnect: facing?.greet ?? (onConnect && ((session) => onConnect(session))),
      onClosed: facing?.onClosed,
      clock,
      onUndead: (backend) => reaper.end(backend),
      primarySearchMs: searchMsWithin(options.pool.outageWaitMs),
      makeSocket,
      decoding,
    })
    const open = (): Promise<Outcome<PgConnection>> => this.#connections.open(() => {})
    const pool = (): Pool<PgConnection> => this.#pool
    this.#side = new SideConnection({ open, pool, clock, patienceMs: options.timeouts.connectMs })
    this.#standbySide = new SideConnection({
      open,
      pool,
      clock,
      patienceMs: STANDBY_WAIT_MS + 2 * options.timeouts.cancelMs,
    })
    const reaper = new Reaper(this.#side)
    const breaker = new Breaker({ clock, observer: observe, rules: options.circuit })
    const poolParts: PoolParts<PgConnection> = {
      breaker,
      openingMaxMs: options.timeouts.connectMs,
      options: facing?.usesMax === undefined ? poolOptions : { ...poolOptions, usesMax: facing.usesMax },
      resources: this.#connections,
      clock,
      random,
      observer: observe,
      times: this.#times,
      outageDelayMs: (attempt, outageMs) => probePauseMs(attempt, outageMs, random),
    }
    this.#pool = strikes === undefined ? new Pool(poolParts) : new HoardingPool(poolParts, strikes)
    const emit = (event: Told): void => observe(Object.assign(event, { at: clock.wallTime() }))
    this.#resolver = new Resolver({
      side: this.#side,
      standby: new Standby({ side: this.#standbySide, clock, closing: this.#closing.signal }),
      clock,
      emit,
      outageWaitMs: options.retry.outageWaitMs,
      closing: this.#closing.signal,
    })
    this.#watch = new Watch({
      used: () => this.#pool.leased(),
      reachable: () => this.#pool.stats().outageMs === undefined,
      distrustOlder: (connection) => this.#pool.distrustOlder(connection),
      side: this.#side,
      clock,
      emit,
      stallMs: options.timeouts.stallMs,
    })
    const purge = new MarkerPurge(this.#side, clock)
    this.machine = {
      pool: this.#pool,
      database,
      clock,
      random,
      emit,
      knownWrites: new KnownTexts(),
      uncounted: new KnownTexts(),
      comments:
        options.sqlComments &&
        new SqlComments({
          application: options.sqlComments.application,
          sources: [tags, options.sqlComments.tags].filter((source) => source !== undefined),
          onFailure: this.#metrics.observerFailed,
        }),
      budget: new Budget(options.retry.budget),
      breaker,
      limits: {
        queryMs: options.timeouts.queryMs,
        cancelMs: options.timeouts.cancelMs,
        heldTooLongMs: options.timeouts.heldTooLongMs,
        attemptsMax: options.retry.attemptsMax,
        retry: options.retry.enabled,
        slow: options.retry.slow,
        quick: options.retry.quick,
      },
      orphanedTransaction: options.orphanedTransaction,
      resolution: options.resolution,
      resolveAutocommit: options.resolveAutocommit,
      resolver: this.#resolver,
      watch: this.#watch,
      markerId: () => {
        purge.written()
        return uuidV7(clock.wallTime(), random)
      },
      unfinished: new Unfinished(),
      closing: this.#closing.signal,
    }
    this.#listener = new Listener({
      machine: this.machine,
      open: (onLost) => this.#connections.open(onLost),
      check: (connection) => this.#connections.check(connection),
      // Not all the time, though whoever takes a connection may want it checked each time.
      checkMs: Math.max(1_000, options.pool.validateAfterIdleMs),
      say: (sql) => this.#side.use((connection) => askRow(connection, sql)),
      patienceMs: options.timeouts.connectMs,
    })
  }

  get settings(): Outcome<ConnectionSettings> {
    return this.#options.connection
  }

  run(statement: CompiledQuery, options: StatementOptions = {}): Promise<Settled<StatementResult>> {
    return runAlone(this.machine, [statement], options, lastResult)
  }

  batch(
    statements: readonly CompiledQuery[],
    options: StatementOptions = {},
  ): Promise<Settled<readonly StatementResult[]>> {
    if (statements.length === 0) return Promise.resolve({ ok: true, value: [], attempts: 0 })
    return runAlone(this.machine, statements, options, allResults)
  }

  async *stream(
    statement: CompiledQuery,
    chunkSize: number,
    options?: StatementOptions,
  ): AsyncIterableIterator<StreamChunk> {
    const lease = this.lease({ within: options?.within })
    try {
      yield* lease.stream(statement, chunkSize, options)
    } finally {
      await lease.release()
    }
  }

  lease(options: LeaseOptions = {}): Lease & LeaseHandle {
    return new Lease(this.machine, options)
  }

  dialect({ within }: { readonly within?: () => Holder | undefined } = {}): Dialect {
    return new EngineDialect({
      lease: () => this.lease({ within: within?.() }),
      close: (options) => this.close(options),
      transactionDeadline: () => {
        const { transactionMs } = this.#options.timeouts
        return transactionMs === undefined ? undefined : deadlineAfter(this.#clock, transactionMs)
      },
      callSites: this.#options.callSites,
    })
  }

  async ready(
    options: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<Settled<ReadyReport>> {
    void this.#pool.prefill()
    const lease = this.lease()
    const settled = await lease.run(controlQuery("show server_version"), options)
    const connection = lease.pinned
    void lease.release()
    if (!settled.ok) return failedLike(settled)
    const report = { serverVersion: connection?.facts.serverVersion ?? "", connectMs: connection?.connectMs ?? 0 }
    return { ok: true, value: report, attempts: settled.attempts }
  }

  snapshot(): DriverSnapshot {
    const { server } = this.#connections
    return Object.freeze({
      at: this.#clock.wallTime(),
      database: this.machine.database,
      ...(server !== undefined && { server }),
      pool: this.#pool.stats(),
      metrics: this.#metrics.snapshot(),
      times: this.#times.read(),
      resolution: Object.freeze({ pending: this.#resolver.pending }),
      circuit: circuitSnapshot(this.machine.breaker.circuit, this.#clock.now()),
      retriesLeft: Math.floor(this.machine.budget.left),
    })
  }

  connections(): readonly ConnectionSnapshot[] {
    return connectionsSnapshot(this.#pool.open(), this.#clock)
  }

  configuration(): Configuration {
    return configurationOf(this.#options)
  }

  async resolve(
    token: string,
    { signal, timeoutMs }: { readonly signal?: AbortSignal; readonly timeoutMs?: number } = {},
  ): Promise<Settled<Effect>> {
    const content = readToken(token)
    if (content === undefined) {
      return refuse(refused({ why: "This is no token: give the `token` of an error whose effect is unknown" }))
    }
    const { claim, issuedAt } = content
    const aged = claim.by === "marker" && this.#clock.wallTime() - issuedAt > TOKEN_LIFE_MS
    if (aged) return { ok: true, value: "unknown", attempts: 0 }
    const deadline = timeoutMs === undefined ? undefined : deadlineAfter(this.#clock, timeoutMs)
    const found = await this.#resolver.resolve(claim, { deadline, signal })
    return { ok: true, value: found.effect, attempts: 1 }
  }

  listen(channel: string, hear: Hear): () => void {
    return this.#listener.listen(channel, hear)
  }

  rest(wanted: Rest): Promise<boolean> {
    return rest(this.machine, wanted)
  }

  takeRetry(failure: Failure): boolean {
    const { budget } = this.machine
    if (!budget.affords(failure)) return false
    budget.spend(failure)
    return true
  }

  tell(event: Told): void {
    this.machine.emit(event)
  }

  close(options: { readonly drainMs?: number } = {}): Promise<void> {
    this.#closed ??= this.#close(options.drainMs ?? 0)
    return this.#closed
  }

  /**
   * What was begun gets `drainMs`; then it is abandoned, or was never sent, and told so. What runs then has `cancelMs` to end; then the
   * sockets are gone.
   */
  async #close(drainMs: number): Promise<void> {
    this.#listener.close()
    if (drainMs > 0) await this.#drain(drainMs)
    const drained = this.#pool.close({ drainMs: this.#options.timeouts.cancelMs })
    this.#closing.abort()
    this.#connections.giveUpOpening()
    for (const connection of this.#pool.leased()) connection.abandon("close")
    await drained
    giveUpName(this.machine.database.name)
    this.#watch.close()
    this.#side.close()
    this.#standbySide.close()
    for (const connection of this.#pool.leased()) connection.destroy(ended("The driver was closed"))
  }

  /** Until nothing goes on any more, at most so long. */
  async #drain(drainMs: number): Promise<void> {
    const { promise: over, resolve } = Promise.withResolvers<void>()
    const timer = this.#clock.after(drainMs, resolve)
    await Promise.race([this.#finished(), over])
    timer.cancel()
  }

  async #finished(): Promise<void> {
    const { pool, unfinished } = this.machine
    do {
      await pool.drain()
      await unfinished.none()
      // Whoever has just been answered may go on with what he had begun, and does so at once.
      await new Promise<void>((resolve) => void this.#clock.after(0, resolve))
    } while (pool.busy || unfinished.count > 0)
  }
}

function identityOf({ name, connection }: ResolvedOptions): DatabaseIdentity {
  if (!connection.ok) {
    const unknown = { host: undefined, port: undefined, database: undefined }
    return Object.freeze({ name: takeName(name ?? "database"), ...unknown })
  }
  const { host, port, database } = connection.value
  return Object.freeze({ name: takeName(name ?? `${host}:${port}/${database}`), host, port, database })
}
