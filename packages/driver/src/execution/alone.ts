import type { CompiledQuery } from "kysely"

import type { Settled } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { describeStatement } from "../postgres/statement.ts"
import type { ConnectionHolder } from "./attempt.ts"
import { refuseControl } from "./control.ts"
import { giveBackUsed } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { runPlan } from "./pipeline.ts"
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
  const plan = planStatements(machine, queries, shapes, ALONE, options)
  return plan.ok ? settle(machine, plan.value, options.within, read) : Promise.resolve(refuse(plan.failure))
}

async function settle<T>(
  machine: Machine,
  plan: Plan,
  outer: Holder | undefined,
  read: (exchange: Exchange) => T,
): Promise<Settled<T>> {
  const use = new SingleUse(machine, outer)
  const settled = await runPlan(machine, use, plan)
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
