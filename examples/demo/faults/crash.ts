import type { DriverEvent } from "@kysely-resilient/driver"

import { busyBackends } from "./backends.ts"
import { missed, type Fault } from "./fault.ts"

/** Throwing everybody out takes the server a few milliseconds, recovery a few hundred. */
const NEWS_MS = 3_000

/** The kernel's memory killer does it: one backend is gone, and the server throws out everybody and recovers from its log. */
export const crash: Fault = {
  name: "crash",
  title: "Crash and recovery",
  async inject({ admin, server, watch, now }) {
    const victim = await admin.first(busyBackends(admin).select("pid").limit(1))
    if (victim.isErr() || victim.value === undefined) return missed

    const felt = watch.next(startedAgain, NEWS_MS)
    const killed = await server.crashBackend(victim.value.pid).then(
      () => true,
      // It ended by itself between our looking and our killing.
      () => false,
    )
    if (!killed) return missed
    await server.ready()
    const liftedAt = now()
    if ((await felt) === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: () => true }
  },
}

function startedAgain(event: DriverEvent): boolean {
  if (event.name !== "query.retried" && event.name !== "transaction.rerun") return false
  return event.label !== undefined && event.failure.blame === "server"
}
