import type { ServerRule } from "../examined.ts"
import { seconds } from "../memory.ts"

/** A server that is there answers within a second or two. */
const MOST_MS = 15_000

export const connectTimeoutLong: ServerRule = {
  code: "CONNECT_TIMEOUT_LONG",
  when: `\`timeouts.connectMs\` is more than ${MOST_MS / 1_000} s`,
  why: "After a failover each attempt to reach the old server takes as long, and callers wait behind it.",
  find({ configuration }) {
    const { connectMs } = configuration.timeouts
    if (connectMs <= MOST_MS) return undefined
    return {
      severity: "warning",
      message: `Opening a connection may take ${seconds(connectMs)} s`,
      action: "Leave timeouts.connectMs (or connect_timeout) at its 5 s, unless log-ins really take so long",
      evidence: { connect_s: seconds(connectMs), connect_max_s: seconds(MOST_MS) },
    }
  },
}
