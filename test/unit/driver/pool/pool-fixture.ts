import type { Failure, Outcome } from "@kysely-resilient/driver/src/failure/failure.ts"
import { Breaker } from "@kysely-resilient/driver/src/policy/breaker.ts"
import type { CircuitRules } from "@kysely-resilient/driver/src/policy/circuit.ts"
import { Pool, type AcquireOptions, type PoolOptions } from "@kysely-resilient/driver/src/pool/pool.ts"
import type { DriverEvent } from "@kysely-resilient/driver/src/telemetry/events.ts"
import { PoolTimes } from "@kysely-resilient/driver/src/telemetry/pool-times.ts"

import { FakeClock } from "../../../support/fake-clock.ts"
import { identity } from "../../../support/identity.ts"
import { ScriptedResources, type Thing } from "../../../support/scripted-resources.ts"

export const DELAY_MS = 100
export const OPENING_MAX_MS = 5_000

export const options: PoolOptions = {
  min: 0,
  max: 3,
  acquireTimeoutMs: 30_000,
  waitersMax: 100,
  idleTimeoutMs: 60_000,
  maxLifetimeMs: 600_000,
  validateAfterIdleMs: 5_000,
  outageWaitMs: 5_000,
  keepAlive: false,
}

/** One who asked the pool for something. */
export class Caller {
  /** Undefined while it waits. */
  outcome: Outcome<Thing> | undefined
  /** It was answered without a promise. */
  readonly atOnce: boolean

  constructor(pool: Pool<Thing>, acquireOptions?: AcquireOptions) {
    const answer = pool.acquire(acquireOptions)
    this.atOnce = !(answer instanceof Promise)
    if (!(answer instanceof Promise)) this.outcome = answer
    else void answer.then((outcome) => (this.outcome = outcome))
  }

  get waits(): boolean {
    return this.outcome === undefined
  }

  get thing(): Thing {
    if (this.outcome?.ok !== true) throw new Error(`expected it to be served: ${JSON.stringify(this.outcome)}`)
    return this.outcome.value
  }

  get failure(): Failure {
    if (this.outcome?.ok !== false) throw new Error(`expected it to be refused: ${JSON.stringify(this.outcome)}`)
    return this.outcome.failure
  }
}

/** A pool over scripted things, at a time of the test's own. */
export class Fixture {
  readonly clock = new FakeClock()
  readonly resources = new ScriptedResources()
  readonly events: DriverEvent[] = []
  readonly breaker: Breaker
  readonly times: PoolTimes = new PoolTimes(identity)
  readonly pool: Pool<Thing>

  /** Without rules its circuit stays closed. */
  constructor(change: Partial<PoolOptions> = {}, rules?: CircuitRules, random: () => number = () => 0.5) {
    const observer = (event: DriverEvent): void => this.observe(event)
    this.breaker = new Breaker({ clock: this.clock, observer, rules })
    this.pool = new Pool<Thing>({
      breaker: this.breaker,
      openingMaxMs: OPENING_MAX_MS,
      options: { ...options, ...change },
      resources: this.resources,
      clock: this.clock,
      random,
      observer,
      times: this.times,
      outageDelayMs: (attempt, outageMs) => this.outageDelayMs(attempt, outageMs),
    })
  }

  /** The pause before the next attempt in an outage. */
  outageDelayMs(attempt: number, _outageMs: number): number {
    return DELAY_MS * attempt
  }

  observe(event: DriverEvent): void {
    this.events.push(event)
  }

  acquire(acquireOptions?: AcquireOptions): Caller {
    return new Caller(this.pool, acquireOptions)
  }

  /** The next opening under way succeeds. */
  async opens(): Promise<Thing> {
    const opening = this.resources.openings[0]
    if (opening === undefined) throw new Error("nothing is being opened")
    const thing = opening.succeed()
    await this.clock.settle()
    return thing
  }

  async fails(failure: Failure): Promise<void> {
    const opening = this.resources.openings[0]
    if (opening === undefined) throw new Error("nothing is being opened")
    opening.fail(failure)
    await this.clock.settle()
  }

  async checks(good: boolean): Promise<void> {
    const check = this.resources.checks[0]
    if (check === undefined) throw new Error("nothing is being checked")
    check.answer(good)
    await this.clock.settle()
  }

  /** A caller that has been served by a new opening. */
  async served(): Promise<Caller> {
    const caller = this.acquire()
    if (caller.waits) await this.opens()
    if (caller.waits) throw new Error("expected it to be served")
    return caller
  }

  /** This many things, all idle. */
  async idle(count: number): Promise<Thing[]> {
    const callers: Caller[] = []
    for (let n = 0; n < count; n += 1) callers.push(await this.served())
    for (const caller of callers) this.pool.giveBack(caller.thing, "keep")
    return callers.map((caller) => caller.thing)
  }

  eventsNamed<N extends DriverEvent["name"]>(name: N): Extract<DriverEvent, { name: N }>[] {
    return this.events.filter((event): event is Extract<DriverEvent, { name: N }> => event.name === name)
  }
}

const connectFailure = {
  blame: "server",
  pace: "slow",
  connection: "discard",
  effect: "not_applied",
  origin: "socket",
  phase: "connect",
} as const

export const unreachable: Failure = {
  ...connectFailure,
  kind: "connection_failed",
  retry: "transaction",
  message: "connect ECONNREFUSED 127.0.0.1:5432",
}

export const crowded: Failure = {
  ...connectFailure,
  kind: "too_many_connections",
  retry: "transaction",
  message: "sorry, too many clients already",
}

export const wrongPassword: Failure = {
  ...connectFailure,
  kind: "authentication_failed",
  blame: "client",
  retry: "never",
  message: 'password authentication failed for user "ann"',
}
