import { remainingMs } from "../foundation/deadline.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { worse } from "../postgres/leftovers.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

/** One flight: sends what the plan says, and abandons it when its deadline passes or its caller has had enough. Never rejects. */
export function execute(machine: Machine, connection: PgConnection, plan: Plan): Promise<Exchange> {
  return new Promise((resolve) => {
    const exchange = plan.exchangeOn(connection)
    const rider = connection.types?.riderOf(plan.sql)
    if (rider !== undefined) exchange.ride(rider)
    // Even if it fails: a session's lock, for one, outlives the statement that took it.
    if (plan.leaves !== undefined) connection.leftovers = worse(connection.leftovers, plan.leaves)
    // It gets `cancelMs` more to answer instead.
    exchange.cancellable = plan.phase !== "commit"
    const timer =
      plan.deadline === undefined
        ? undefined
        : machine.clock.after(remainingMs(machine.clock, plan.deadline), () => connection.abandon("deadline"))
    const signal = plan.abortInFlight ? plan.signal : undefined
    const onAbort = (): void => connection.abandon("abort")
    signal?.addEventListener("abort", onAbort, { once: true })
    connection.run(exchange, () => {
      timer?.cancel()
      signal?.removeEventListener("abort", onAbort)
      if (exchange.abandoned !== undefined && plan.counted) {
        machine.emit({
          name: "query.abandoned",
          reason: exchange.abandoned,
          confirmed: exchange.ready !== undefined,
          queryId: plan.queryId,
          sql: plan.sql,
          ...(plan.label !== undefined && { label: plan.label }),
        })
      }
      resolve(exchange)
    })
  })
}
