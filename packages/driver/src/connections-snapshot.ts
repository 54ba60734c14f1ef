import type { Clock } from "./foundation/clock.ts"
import type { Placed } from "./pool/stock.ts"
import type { PgConnection } from "./postgres/connection.ts"
import { summaryOf } from "./postgres/query-summary.ts"
import type { ConnectionSnapshot } from "./snapshot.ts"

/** Every open connection as data, the oldest first. */
export function connectionsSnapshot(open: Iterable<Placed<PgConnection>>, clock: Clock): readonly ConnectionSnapshot[] {
  const [now, wallTime] = [clock.now(), clock.wallTime()]
  const moment = (at: number): number => Math.round(wallTime - (now - at))
  const seen = Array.from(open, ({ slot, place }): ConnectionSnapshot => {
    const connection = slot.resource
    const sql = place === "leased" ? connection.running : undefined
    return Object.freeze({
      id: slot.id,
      processId: connection.processId,
      state: stateOf(place, connection),
      since: moment(place === "idle" ? slot.idleSince : place === "leased" ? slot.leasedAt : now),
      openedAt: moment(slot.openedAt),
      uses: slot.uses,
      ...(sql !== undefined && { sql, summary: summaryOf({ sql }) }),
    })
  })
  return Object.freeze(seen.toSorted((one, other) => one.id - other.id))
}

function stateOf(place: Placed<unknown>["place"], connection: PgConnection): ConnectionSnapshot["state"] {
  if (place !== "leased") return place
  if (connection.transactionStatus === "T") return "in-transaction"
  if (connection.transactionStatus === "E") return "failed-transaction"
  return connection.busy ? "active" : "held"
}
