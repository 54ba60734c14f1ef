import type { CompiledQuery } from "kysely"

import type { Settled } from "../engine.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { describeStatement } from "../postgres/statement.ts"
import { refuseControls } from "./control.ts"
import type { Machine } from "./machine.ts"
import { planStatements, type DoorOptions, type Place } from "./plan-statement.ts"
import { refuse } from "./settled.ts"
import { SingleUse } from "./single-use.ts"

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
  for (const shape of shapes) {
    const refusal = refuseControls(shape, false)
    if (refusal !== undefined) return Promise.resolve(refuse(refusal))
  }
  const plan = planStatements(machine, queries, shapes, ALONE, options)
  return plan.ok ? new Alone(machine, options.within).run(plan.value, read) : Promise.resolve(refuse(plan.failure))
}

class Alone extends SingleUse {
  inFlight: PgConnection | undefined
}
