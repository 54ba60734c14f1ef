import type { Settled } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { acquire } from "./acquire.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import { giveBackUsed } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { runFrom, runPlan, type Beginning } from "./pipeline.ts"
import type { Plan } from "./plan.ts"
import { mapSettled } from "./settled.ts"
import { queryIsTraced } from "./traced.ts"

/** A statement, or a batch, that is all its caller wants of a connection: without the turns and states of a lease. */
export abstract class SingleUse implements ConnectionHolder {
  readonly #machine: Machine
  readonly outer: Holder | undefined
  abstract inFlight: PgConnection | undefined
  pinned: PgConnection | undefined
  lost: Failure | undefined

  constructor(machine: Machine, outer: Holder | undefined) {
    this.#machine = machine
    this.outer = outer
  }

  /** While it waits in line nothing else of it has been begun, as thousands may. */
  run<T>(plan: Plan, read: (exchange: Exchange) => T): Promise<Settled<T>> {
    if (queryIsTraced(plan)) return runPlan(this.#machine, this, plan).then((settled) => this.#done(settled, read))
    const startedAt = this.#machine.clock.now()
    const soon = acquire(this.#machine, this, plan)
    return soon instanceof Promise
      ? soon.then((acquired) => this.#settle(plan, { startedAt, acquired, waited: true }, read))
      : this.#settle(plan, { startedAt, acquired: soon, waited: false }, read)
  }

  async #settle<T>(plan: Plan, beginning: Beginning, read: (exchange: Exchange) => T): Promise<Settled<T>> {
    return this.#done(await runFrom(this.#machine, this, plan, beginning), read)
  }

  #done<T>(settled: Settled<Exchange>, read: (exchange: Exchange) => T): Settled<T> {
    this.over?.(settled)
    if (this.pinned !== undefined) {
      void giveBackUsed(this.#machine, this.pinned, settled.ok ? "raw-unharmed" : "raw-failed")
    }
    return mapSettled(settled, read)
  }

  /** Before its connection is given back. */
  protected over?(settled: Settled<Exchange>): void

  pin(connection: PgConnection): void {
    this.pinned = connection
  }

  lose(failure: Failure): void {
    if (this.pinned !== undefined) this.#machine.pool.giveBack(this.pinned, "discard", "died", failure)
    this.pinned = undefined
    this.lost = failure
  }
}
