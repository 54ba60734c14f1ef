import type { ServerRule } from "../examined.ts"
import { inSeconds, seconds } from "../memory.ts"

export const clockSkew: ServerRule = {
  code: "CLOCK_SKEW",
  when: "the clocks of this machine and of the server differ by more than a second",
  why: "Times that the application writes and those that the server writes do not fit: expiries, cursors by time, logs side by side.",
  find({ pings, limits }) {
    const { skewMs, skewErrorMs } = pings
    // As far as a slow way could explain it, it says nothing.
    if (Math.abs(skewMs) <= limits.clockSkewMs + skewErrorMs) return undefined
    return {
      severity: "warning",
      message: `The server's clock is ${inSeconds(Math.abs(skewMs))} ${skewMs > 0 ? "ahead of" : "behind"} this machine's`,
      action: "Let both follow the same time servers (chrony, systemd-timesyncd)",
      sql: "select clock_timestamp()",
      evidence: { skew_s: seconds(skewMs), error_s: seconds(skewErrorMs) },
    }
  },
}
