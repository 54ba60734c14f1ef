import { numberOf, type ServerRule } from "../examined.ts"
import { percent } from "../memory.ts"
import { ADVICE_THRESHOLDS } from "../thresholds.ts"

const WARNING = ADVICE_THRESHOLDS.connectionsTakenRatio
const CRITICAL = 0.95

export const connectionsNearlyExhausted: ServerRule = {
  code: "CONNECTIONS_NEARLY_EXHAUSTED",
  when: `of the server's connections that are not reserved ${WARNING * 100} % are taken; critical from ${CRITICAL * 100} %`,
  why: "When the last one is taken nobody new gets in, and the first who notices is whoever lost a connection.",
  find(examined) {
    const most = numberOf(examined, "max_connections")
    if (most === undefined) return undefined
    const names = ["superuser_reserved_connections", "reserved_connections"]
    const available = names.reduce((left, name) => left - (numberOf(examined, name) ?? 0), most)
    const { connections } = examined.server
    const share = connections / Math.max(1, available)
    if (share < WARNING) return undefined
    return {
      severity: share >= CRITICAL ? "critical" : "warning",
      message: `${connections} of ${available} connections are taken (${percent(share)})`,
      action: "Find out who holds them; lower pools, put a pooler in front, or raise max_connections (needs a restart)",
      sql: `select usename, application_name, state, count(*), max(now() - state_change) as longest
from pg_stat_activity where backend_type = 'client backend' group by 1, 2, 3 order by 4 desc`,
      evidence: { connections, available, max_connections: most, states: examined.activity?.states ?? null },
    }
  },
}
