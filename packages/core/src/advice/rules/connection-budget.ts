import { numberOf, type ServerRule } from "../examined.ts"

export const connectionBudget: ServerRule = {
  code: "CONNECTION_BUDGET",
  when: "`pool.max` times the number of processes is more than `max_connections` less those reserved",
  why: "On a busy day somebody gets 53300 and no connection, perhaps another application.",
  find(examined) {
    const { configuration, replicas, server, pooled } = examined
    const most = numberOf(examined, "max_connections")
    // A pooler needs fewer to the server than it gives out.
    if (most === undefined || pooled) return undefined
    // The latter came with PostgreSQL 16.
    const names = ["superuser_reserved_connections", "reserved_connections"]
    const reserved = names.reduce((sum, name) => sum + (numberOf(examined, name) ?? 0), 0)
    const { max } = configuration.pool
    const wanted = max * replicas
    const free = server.role.superuser ? most : most - reserved
    if (wanted <= free) return undefined
    const each = Math.floor((most - reserved) / replicas)
    return {
      severity: "warning",
      message: `${replicas} × pool.max ${max} = ${wanted} connections, and the server has ${free} for them`,
      action: `Lower pool.max${each > 0 ? ` to ${each} or less` : ""}, put a pooler in front, or raise max_connections (needs a restart)`,
      evidence: { pool_max: max, replicas, wanted, max_connections: most, reserved, available: free },
    }
  },
}
