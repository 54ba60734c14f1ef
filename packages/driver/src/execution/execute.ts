import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { worse } from "../postgres/leftovers.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

/** One flight: sends what the plan says, and abandons it when its deadline passes or its caller has had enough. */
export function execute(machine: Machine, connection: PgConnection, plan: Plan): Promise<Exchange> {
  return new Promise((resolve) => {
    const exchange = plan.exchangeOn(connection)
    const rider = connection.types?.riderOf(plan.sql)
    if (rider !== undefined) exchange.ride(rider)
    if (plan.comment !== undefined) exchange.comment = plan.comment
    // Even if it fails: a session's lock, for one, outlives the statement that took it.
    if (plan.leaves !== undefined) connection.leftovers = worse(connection.leftovers, plan.leaves)
    // It gets `cancelMs` more to answer instead.
    exchange.cancellable = plan.phase !== "commit"
    const stopListening = abandonOnAbort(connection, plan)
    connection.run(
      exchange,
      () => {
        stopListening?.()
        if (plan.counted) tellAbandoned(machine, plan, exchange)
        resolve(exchange)
      },
      plan.deadline?.at,
    )
  })
}

function abandonOnAbort(connection: PgConnection, { abortInFlight, signal }: Plan): (() => void) | undefined {
  if (signal === undefined || !abortInFlight) return undefined
  const onAbort = (): void => connection.abandon("abort")
  signal.addEventListener("abort", onAbort, { once: true })
  return () => signal.removeEventListener("abort", onAbort)
}

function tellAbandoned(machine: Machine, plan: Plan, { abandoned, ready }: Exchange): void {
  if (abandoned === undefined) return
  machine.emit({
    name: "query.abandoned",
    reason: abandoned,
    confirmed: ready !== undefined,
    queryId: plan.queryId,
    sql: plan.sql,
    ...(plan.label !== undefined && { label: plan.label }),
  })
}
