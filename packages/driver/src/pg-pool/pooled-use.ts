import type { Settled } from "../engine.ts"
import type { ConnectionHolder } from "../execution/connection-holder.ts"
import { giveBackUsed } from "../execution/give-back.ts"
import type { Machine } from "../execution/machine.ts"
import type { Plan } from "../execution/plan.ts"
import { runPlan } from "../execution/pipeline.ts"
import type { Failure } from "../failure/failure.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"

/** Told of each connection that a statement of the pool's uses, and when it is done with it. */
export interface UseListener {
  acquired(connection: PgConnection): void
  released(connection: PgConnection, failure: Failure | undefined): void
}

/** Runs a statement that is all its caller wants of a connection. */
export async function runPooled(machine: Machine, plan: Plan, listener: UseListener): Promise<Settled<Exchange>> {
  const use = new PooledUse(machine, listener)
  const settled = await runPlan(machine, use, plan)
  use.over(settled.ok ? undefined : settled.failure)
  if (use.pinned !== undefined) void giveBackUsed(machine, use.pinned, settled.ok ? "raw-unharmed" : "raw-failed")
  return settled
}

class PooledUse implements ConnectionHolder {
  readonly #machine: Machine
  readonly #listener: UseListener
  readonly outer = undefined
  #inFlight: PgConnection | undefined
  #used: PgConnection | undefined
  pinned: PgConnection | undefined
  lost: Failure | undefined

  constructor(machine: Machine, listener: UseListener) {
    this.#machine = machine
    this.#listener = listener
  }

  get inFlight(): PgConnection | undefined {
    return this.#inFlight
  }

  set inFlight(connection: PgConnection | undefined) {
    this.#inFlight = connection
    if (connection === undefined || connection === this.#used) return
    this.over(this.lost)
    this.#used = connection
    this.#listener.acquired(connection)
  }

  over(failure: Failure | undefined): void {
    const used = this.#used
    this.#used = undefined
    if (used !== undefined) this.#listener.released(used, failure)
  }

  pin(connection: PgConnection): void {
    this.pinned = connection
  }

  lose(failure: Failure): void {
    if (this.pinned !== undefined) this.#machine.pool.giveBack(this.pinned, "discard", "died", failure)
    this.pinned = undefined
    this.lost = failure
  }
}
