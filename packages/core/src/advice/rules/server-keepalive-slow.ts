import { alterSystem, graver, numberOf, type ServerRule } from "../examined.ts"

/** Many firewalls forget a connection after five minutes or more. */
const IDLE_MAX_S = 300

export const serverKeepaliveSlow: ServerRule = {
  code: "SERVER_KEEPALIVE_SLOW",
  when: `\`tcp_keepalives_idle\` is more than ${IDLE_MAX_S} s (Linux: 7,200 by default)`,
  why: "A client that vanished keeps its session, its transaction and its locks for two hours.",
  find(examined) {
    const idle = numberOf(examined, "tcp_keepalives_idle")
    // Over a Unix socket it is 0; so it may be on systems that do not tell.
    if (idle === undefined || idle <= IDLE_MAX_S) return undefined
    return {
      severity: graver(examined),
      message: `The server asks a silent client only after ${idle} s whether it is still there`,
      action: "Ask after a minute",
      sql: alterSystem("tcp_keepalives_idle", "60"),
      evidence: { tcp_keepalives_idle_s: idle, tcp_keepalives_idle_max_s: IDLE_MAX_S },
    }
  },
}
