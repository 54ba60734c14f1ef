import type { CompiledQuery } from "kysely"

import type { Settled } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { describeStatement } from "../postgres/statement.ts"
import { acquire } from "./acquire.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import { refuseControl } from "./control.ts"
import { giveBackUsed } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { runFrom, type Beginning } from "./pipeline.ts"
import { planStatements, type DoorOptions, type Place } from "./plan-statement.ts"
import type { Plan } from "./plan.ts"
import { mapSettled, refuse } from "./settled.ts"

const ALONE: Place = { fresh: true, inTransaction: false, readOnly: false, wantsXid: false }

/**
 * A statement, or a batch, that is all its caller wants of a connection. What most statements are: hence without the
 * turns and states of a lease, and without keeping the query itself while it waits in line.
 */
export function runAlone<T>(
  machine: Machine,
  queries: readonly CompiledQuery[],
  options: DoorOptions,
  read: (exchange: Exchange) => T,
): Promise<Settled<T>> {
  const shapes = queries.map(describeStatement)
  for (const { control } of shapes) {
    const refusal = control === undefined ? undefined : refuseControl(control, false)
    if (refusal !== undefined) return Promise.resolve(refuse(refusal))
  }
  const planned = planStatements(machine, queries, shapes, ALONE, options)
  if (!planned.ok) return Promise.resolve(refuse(planned.failure))
  const plan = planned.value
  const startedAt = machine.clock.now()
  const use = new SingleUse(machine, options.within)
  const soon = acquire(machine, use, plan)
  return soon instanceof Promise
    ? soon.then((acquired) => settle(machine, use, plan, { startedAt, acquired, waited: true }, read))
    : settle(machine, use, plan, { startedAt, acquired: soon, waited: false }, read)
}

async function settle<T>(
  machine: Machine,
  use: SingleUse,
  plan: Plan,
  beginning: Beginning,
  read: (exchange: Exchange) => T,
): Promise<Settled<T>> {
  const settled = await runFrom(machine, use, plan, beginning)
  if (use.pinned !== undefined) void giveBackUsed(machine, use.pinned, settled.ok ? "raw-unharmed" : "raw-failed")
  return mapSettled(settled, read)
}

class SingleUse implements ConnectionHolder {
  readonly #machine: Machine
  readonly outer: Holder | undefined
  pinned: PgConnection | undefined
  inFlight: PgConnection | undefined
  lost: Failure | undefined

  constructor(machine: Machine, outer: Holder | undefined) {
    this.#machine = machine
    this.outer = outer
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
