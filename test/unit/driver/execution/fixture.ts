import { controlQuery } from "@kysely-resilient/driver/src/execution/control.ts"
import { KnownTexts } from "@kysely-resilient/driver/src/execution/known-texts.ts"
import { Lease } from "@kysely-resilient/driver/src/execution/lease.ts"
import type { Machine } from "@kysely-resilient/driver/src/execution/machine.ts"
import { Unfinished } from "@kysely-resilient/driver/src/execution/unfinished.ts"
import { failed, success, type Failure, type Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { Breaker } from "@kysely-resilient/driver/src/policy/breaker.ts"
import { DEFAULT_CIRCUIT } from "@kysely-resilient/driver/src/policy/circuit.ts"
import { Budget, DEFAULT_BUDGET, type RetryBudget } from "@kysely-resilient/driver/src/policy/budget.ts"
import { connectTimeout } from "@kysely-resilient/driver/src/failure/local.ts"
import { Pool, type PoolOptions } from "@kysely-resilient/driver/src/pool/pool.ts"
import type { Resources } from "@kysely-resilient/driver/src/pool/resources.ts"
import { PgConnection } from "@kysely-resilient/driver/src/postgres/connection.ts"
import type { DiscardReason, DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { PoolTimes } from "@kysely-resilient/driver/src/telemetry/pool-times.ts"
import type { CompiledQuery } from "kysely"

import { coldKysely } from "../../../support/cold-kysely.ts"
import { FakeClock } from "../../../support/fake-clock.ts"
import { identity } from "../../../support/identity.ts"
import { ScriptedServer } from "../../../support/scripted-server.ts"

export const CANCEL_MS = 1_000
/** A server that had the cancel request and is silent gets so long. */
export const SILENCE_MS = 100
export const QUICK_MS = 10
export const SLOW_MS = 500

const poolOptions: PoolOptions = {
  min: 0,
  max: 5,
  acquireTimeoutMs: 30_000,
  waitersMax: 100,
  idleTimeoutMs: 600_000,
  maxLifetimeMs: 6_000_000,
  validateAfterIdleMs: 600_000,
  outageWaitMs: 5_000,
  keepAlive: false,
}

/** Raw SQL, of which nothing is known but its text. */
export function raw(sql: string): CompiledQuery {
  return controlQuery(sql)
}

/** A statement whose tree proves that it only reads. */
export const provedRead: CompiledQuery = coldKysely().selectFrom("users").select("id").compile()
export const write: CompiledQuery = raw("insert into notes values (1)")
/** Begins with SELECT, so that only the server can tell. */
export const maybeRead: CompiledQuery = raw("select note from notes")
/** Looks like a read, and is none. */
export const hiddenWrite: CompiledQuery = raw("select grow()")

/** How a connection left the hands of whoever had acquired it. */
export interface Return {
  readonly connection: number
  readonly fate: "keep" | "discard"
  readonly reason: DiscardReason | undefined
}

class CountingPool extends Pool<PgConnection> {
  readonly returns: Return[] = []

  override giveBack(
    connection: PgConnection,
    fate: "keep" | "discard",
    reason?: DiscardReason,
    failure?: Failure,
  ): void {
    this.returns.push({ connection: connection.id, fate, reason })
    super.giveBack(connection, fate, reason, failure)
  }
}

/** Connections to a scripted server. */
class ScriptedConnections implements Resources<PgConnection> {
  /** What the next openings fail with. */
  readonly failures: Failure[] = []
  readonly #server: ScriptedServer

  constructor(server: ScriptedServer) {
    this.#server = server
  }

  async open(onLost: (connection: PgConnection) => void): Promise<Outcome<PgConnection>> {
    const failure = this.failures.shift()
    if (failure !== undefined) return failed(failure)
    const connection = connectTo(this.#server)
    connection.onLost(onLost)
    return success(connection)
  }

  idOf(connection: PgConnection): number {
    return connection.id
  }

  async check(connection: PgConnection): Promise<boolean> {
    return connection.reusable
  }

  reusable(connection: PgConnection): boolean {
    return connection.reusable
  }

  close(connection: PgConnection): void {
    connection.close()
  }

  rest(connection: PgConnection): void {
    connection.rest()
  }

  wake(connection: PgConnection): void {
    connection.wake()
  }
}

export function connectTo(server: ScriptedServer): PgConnection {
  const client = server.connect()
  return new PgConnection({
    id: client.processID,
    client,
    clock: server.clock,
    requestCancel: () => server.requestCancel(client),
    cancelMs: CANCEL_MS,
    connectMs: 1,
  })
}

/** Everything under a lease, with a scripted server at the far end and a time of its own. */
export class Fixture {
  readonly clock: FakeClock = new FakeClock()
  readonly server: ScriptedServer = new ScriptedServer(this.clock)
  readonly connections: ScriptedConnections = new ScriptedConnections(this.server)
  readonly events: DriverEvent[] = []
  readonly closing = new AbortController()
  readonly pool: CountingPool
  readonly machine: Machine

  constructor(
    change: Partial<Machine["limits"]> = {},
    orphanedTransaction: Machine["orphanedTransaction"] = "rollback",
    budget: RetryBudget = DEFAULT_BUDGET,
  ) {
    const observer = (event: DriverEvent): void => void this.events.push(event)
    const random = (): number => 0.5
    const breaker = new Breaker({ clock: this.clock, observer, rules: { ...DEFAULT_CIRCUIT, gapMs: 7_000 } })
    this.pool = new CountingPool({
      breaker,
      openingMaxMs: 5_000,
      options: poolOptions,
      resources: this.connections,
      clock: this.clock,
      random,
      observer,
      times: new PoolTimes(identity),
      outageDelayMs: () => QUICK_MS,
    })
    this.machine = {
      pool: this.pool,
      database: identity,
      clock: this.clock,
      random,
      emit: (event) => observer({ at: this.clock.wallTime(), ...event }),
      knownWrites: new KnownTexts(),
      uncounted: new KnownTexts(),
      comments: undefined,
      budget: new Budget(budget),
      breaker,
      limits: {
        queryMs: undefined,
        cancelMs: CANCEL_MS,
        attemptsMax: 3,
        retry: true,
        slow: { baseMs: SLOW_MS, maxMs: 10 * SLOW_MS },
        quick: { baseMs: QUICK_MS, maxMs: 10 * QUICK_MS },
        ...change,
      },
      orphanedTransaction,
      resolution: "off",
      resolveAutocommit: true,
      resolver: {
        resolve: () => Promise.reject(new Error("nothing is resolved here")),
      },
      watch: { begin: () => {} },
      markerId: () => "00000000-0000-7000-8000-000000000000",
      unfinished: new Unfinished(),
      closing: this.closing.signal,
    }
  }

  lease(): Lease {
    return new Lease(this.machine)
  }

  /** A lease that is pinned already, by a statement that succeeded. */
  async pinned(): Promise<Lease> {
    const lease = this.lease()
    const settled = await lease.run(provedRead)
    if (!settled.ok) throw new Error(settled.failure.message)
    return lease
  }

  /** A lease with a transaction that has begun on the server. */
  async transacting(settings: Parameters<Lease["begin"]>[0] = {}): Promise<Lease> {
    const lease = this.lease()
    lease.begin(settings)
    const settled = await lease.run(provedRead)
    if (!settled.ok) throw new Error(settled.failure.message)
    return lease
  }

  /** The texts that the server heard, without the ones that only set the scene. */
  get heard(): string[] {
    return this.server.texts().filter((sql) => sql !== provedRead.sql)
  }

  told<N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] {
    return this.events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)
  }

  /** Lets time pass, at most `limitMs`, until it is settled. */
  async settle<T>(promise: Promise<T>, limitMs: number = 100_000): Promise<T> {
    let settled = false
    const done = promise.finally(() => (settled = true))
    await this.clock.settle()
    for (let waited = 0; !settled; waited += 1) {
      if (waited >= limitMs) throw new Error(`not settled after ${limitMs} ms`)
      await this.clock.advance(1)
    }
    return done
  }
}

/** Everything that a stream gives, to its end. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const given: T[] = []
  for await (const one of stream) given.push(one)
  return given
}

/** Whether a promise is settled by now, and with what. */
export class Watched<T> {
  value: T | undefined

  constructor(promise: Promise<T>) {
    void promise.then((value) => (this.value = value))
  }

  get settled(): boolean {
    return this.value !== undefined
  }
}

export const pg = (code: string, change: Record<string, unknown> = {}): Error =>
  Object.assign(new Error(`said with ${code}`), {
    name: "error",
    severity: "ERROR",
    code,
    file: "some.c",
    routine: "some_routine",
    ...change,
  })

/** What an opening fails with while nobody listens. */
export const unreachable: Failure = connectTimeout({ limitMs: 1, everConnected: true })

export const fatal = (code: string): Error => pg(code, { severity: "FATAL" })
