import { alterRole, numberOf, type ServerRule } from "../examined.ts"
import { seconds } from "../memory.ts"

export const idleSessionTimeout: ServerRule = {
  code: "IDLE_SESSION_TIMEOUT",
  when: "`idle_session_timeout` is set for this role, and idle connections of the pool live longer: `pool.min` of them for `pool.maxLifetimeMs`, the others for `pool.idleTimeoutMs`",
  why: "The server ends connections that the pool keeps ready: each is a loss, and a retry for whoever meets it.",
  find(examined) {
    const timeout = numberOf(examined, "idle_session_timeout") ?? 0
    const { min, idleTimeoutMs, maxLifetimeMs } = examined.configuration.pool
    const longest = min > 0 ? maxLifetimeMs : Math.min(idleTimeoutMs, maxLifetimeMs)
    if (timeout === 0 || timeout > longest || examined.pooled) return undefined
    return {
      severity: "warning",
      message: `The server ends sessions that are idle for ${seconds(timeout)} s, and the pool keeps them for up to ${seconds(longest)} s`,
      action: "Switch it off for this role: the pool ends idle connections itself",
      sql: alterRole(examined, "idle_session_timeout", "0"),
      evidence: {
        idle_session_timeout_s: seconds(timeout),
        pool_min: min,
        pool_idle_timeout_s: seconds(idleTimeoutMs),
        pool_max_lifetime_s: seconds(maxLifetimeMs),
      },
    }
  },
}
