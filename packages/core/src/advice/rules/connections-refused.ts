import { actionFor } from "../cause.ts"
import { counted, many, type MemoryRule } from "../memory.ts"

/** What the server, or what stands before it, says to a log-in, and waiting does not mend. */
const SORTS: ReadonlySet<string> = new Set(["password", "full", "tls", "dns", "other"])

export const connectionsRefused: MemoryRule = {
  code: "CONNECTIONS_REFUSED",
  when: "in the last minute connections could not be opened though the server was there: no connection left, a wrong password, TLS that cannot be agreed on",
  why: "While others are open their users wait in line; when the last one is closed nothing works any more.",
  find({ snapshot, seen }) {
    const failures = seen("opening-failed")
    const refused = failures.amounts.filter(({ sort }) => SORTS.has(sort))
    const count = refused.reduce((sum, amount) => sum + amount.count, 0)
    // A server that cannot be reached at all is told as such.
    if (count === 0 || snapshot.pool.outageMs !== undefined) return undefined
    const { idle, leased, max } = snapshot.pool
    return {
      severity: idle + leased === 0 ? "critical" : "warning",
      message: `${many(count, "connection was", "connections were")} refused in the last minute: ${refused.map(({ what }) => what).join(", ")}`,
      action: actionFor(refused),
      ...(refused.some(({ sort }) => sort === "full") && { sql: SQL }),
      evidence: { refused: counted({ amounts: refused }), open: idle + leased, pool_max: max },
    }
  },
}

const SQL = `select usename, application_name, client_addr, state, count(*)
from pg_stat_activity where backend_type = 'client backend' group by 1, 2, 3, 4 order by 5 desc`
