import type { CompiledQuery } from "kysely"

import type { Settled } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { describeStatement } from "../postgres/statement.ts"
import type { ConnectionHolder } from "./attempt.ts"
import { refuseControl } from "./control.ts"
import { giveBackUsed } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { runPlan } from "./pipeline.ts"
import { planStatements, type DoorOptions, type Place } from "./plan-statement.ts"
import { refuse } from "./settled.ts"

const ALONE: Place = { fresh: true, inTransaction: false, readOnly: false }

/**
 * A statement, or a batch, that is all its caller wants of a connection. What most statements are: hence without the
 * turns and states of a lease.
 */
export async function runAlone(
  machine: Machine,
  queries: readonly CompiledQuery[],
  options: DoorOptions,
): Promise<Settled<Exchange>> {
  const shapes = queries.map(describeStatement)
  for (const { control } of shapes) {
    const refusal = control === undefined ? undefined : refuseControl(control, false)
    if (refusal !== undefined) return refuse(refusal)
  }
  const plan = planStatements(machine, queries, shapes, ALONE, options)
  if (!plan.ok) return refuse(plan.failure)
  const use = new SingleUse(machine)
  const settled = await runPlan(machine, use, plan.value)
  if (use.pinned !== undefined) void giveBackUsed(machine, use.pinned, !settled.ok)
  return settled
}

class SingleUse implements ConnectionHolder {
  readonly #machine: Machine
  pinned: PgConnection | undefined
  inFlight: PgConnection | undefined
  lost: Failure | undefined

  constructor(machine: Machine) {
    this.#machine = machine
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
