import { identifier, type ServerRule } from "../examined.ts"
import { many } from "../memory.ts"

export const connectionLimit: ServerRule = {
  code: "CONNECTION_LIMIT",
  when: "the role or the database has a connection limit below `pool.max` times the number of processes",
  why: "The pool asks for connections that it cannot get, and callers wait for them.",
  find({ server, configuration, replicas, pooled }) {
    const { role, database } = server
    // For superusers neither holds; a pooler needs fewer.
    if (role.superuser || pooled) return undefined
    const wanted = configuration.pool.max * replicas
    const limits = [
      { what: "role", name: role.name, limit: role.connectionLimit },
      { what: "database", name: database.name, limit: database.connectionLimit },
    ].filter(({ limit }) => limit >= 0 && limit < wanted)
    if (limits.length === 0) return undefined
    return {
      severity: "warning",
      message: `${many(wanted, "connection is", "connections are")} wanted, and the ${limits.map(({ what, name, limit }) => `${what} ${name} may have ${limit}`).join(", the ")}`,
      action: "Lower pool.max, or raise the limit",
      sql: limits.map(({ what, name }) => `alter ${what} ${identifier(name)} connection limit ${wanted}`).join(";\n"),
      evidence: {
        pool_max: configuration.pool.max,
        replicas,
        wanted,
        role_limit: role.connectionLimit,
        database_limit: database.connectionLimit,
      },
    }
  },
}
