import type { ServerRule } from "../examined.ts"
import { seconds } from "../memory.ts"

/** A day: whatever changed since then, the connection does not know. */
const MOST_MS = 86_400_000

export const poolLifetimeLong: ServerRule = {
  code: "POOL_LIFETIME_LONG",
  when: `\`pool.maxLifetimeMs\` is more than ${MOST_MS / 3_600_000} hours`,
  why: "Old connections keep the memory that they once needed, stay with the server that a name once led to, and are what firewalls forget.",
  find({ configuration }) {
    const { maxLifetimeMs } = configuration.pool
    if (maxLifetimeMs <= MOST_MS) return undefined
    return {
      severity: "info",
      message: `Connections live for ${seconds(maxLifetimeMs) / 3_600} hours`,
      action: "Leave pool.maxLifetimeMs at its 30 minutes",
      evidence: { max_lifetime_s: seconds(maxLifetimeMs), max_lifetime_max_s: seconds(MOST_MS) },
    }
  },
}
