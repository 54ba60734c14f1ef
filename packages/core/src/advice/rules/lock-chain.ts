import type { ServerRule } from "../examined.ts"
import { inSeconds, many, seconds } from "../memory.ts"

/** As long as a user waits for a page. */
const CRITICAL_MS = 30_000

export const lockChain: ServerRule = {
  code: "LOCK_CHAIN",
  when: `a session waits for a lock for more than a second; critical from ${CRITICAL_MS / 1_000} s on`,
  why: "Whoever comes later waits behind it. What all of them wait for in the end is one session.",
  needs: ["activity"],
  find({ activity, limits }) {
    const blocked = (activity?.blocked ?? []).filter(({ forMs }) => forMs > limits.lockWaitMs)
    const [longest] = blocked
    if (longest === undefined) return undefined
    const waiting = new Set((activity?.blocked ?? []).map(({ pid }) => pid))
    // Those who hold something and wait for nobody. 0 is a prepared transaction.
    const roots = [...new Set(blocked.flatMap(({ by }) => by))].filter((pid) => !waiting.has(pid))
    return {
      severity: longest.forMs >= CRITICAL_MS ? "critical" : "warning",
      message: `${many(blocked.length, "session waits", "sessions wait")} for a lock, the longest for ${inSeconds(longest.forMs)}; in the end for ${roots.length === 1 ? "one session" : `${roots.length} sessions`}`,
      action: "Look what the session at the root is doing; to end it now",
      ...(roots.some((pid) => pid > 0) && {
        sql: roots
          .filter((pid) => pid > 0)
          .map((pid) => `select pg_terminate_backend(${pid})`)
          .join(";\n"),
      }),
      evidence: {
        roots,
        blocked: blocked.map(({ pid, by, relation, user, forMs }) => ({
          pid,
          by,
          relation,
          user,
          for_s: seconds(forMs),
        })),
      },
    }
  },
}
