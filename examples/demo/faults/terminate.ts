import type { DriverEvent } from "@kysely-resilient/driver"

import { busyBackends } from "./backends.ts"
import { missed, type Fault } from "./fault.ts"

const VICTIMS_MAX = 3
/** A backend that is told to end says so within a few milliseconds. */
const NEWS_MS = 1_000

/** As an administrator, a failover script or an idle-in-transaction watchdog does it. */
export const terminate: Fault = {
  name: "terminate",
  title: "Backend terminated",
  async inject({ admin, watch, now }) {
    const felt = watch.next(startedAgain, NEWS_MS)
    const ended = await admin.all(
      busyBackends(admin)
        .select((eb) => eb.fn<boolean>("pg_terminate_backend", [eb.ref("pid")]).as("ended"))
        .limit(VICTIMS_MAX),
    )
    const liftedAt = now()
    if (ended.isErr() || !ended.value.some((row) => row.ended) || (await felt) === undefined) return missed
    return { hit: true, liftedAt, recoveredBy: ({ retried }) => retried }
  },
}

function startedAgain(event: DriverEvent): boolean {
  if (event.name !== "query.retried" && event.name !== "transaction.rerun") return false
  return event.label !== undefined && event.failure.sqlState === "57P01"
}
