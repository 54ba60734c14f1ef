import type { ServerRule } from "../examined.ts"
import { inSeconds, many, seconds } from "../memory.ts"

export const longTransactions: ServerRule = {
  code: "LONG_TRANSACTIONS",
  when: "a transaction works for more than 60 s",
  why: "Nothing that died since it began can be vacuumed, in no table, and its locks are held to the end.",
  needs: ["activity"],
  find({ activity, limits }) {
    const long = (activity?.transactions ?? []).filter(({ forMs }) => forMs > limits.transactionMs)
    const [longest] = long
    if (longest === undefined) return undefined
    return {
      severity: "warning",
      message: `${many(long.length, "transaction works", "transactions work")} for a long time, the longest for ${inSeconds(longest.forMs)}`,
      action: "Do it in pieces, or on a standby; to end its statement now",
      sql: long.map(({ pid }) => `select pg_cancel_backend(${pid})`).join(";\n"),
      evidence: {
        sessions: long.map(({ pid, user, application, database, forMs }) => ({
          pid,
          user,
          application,
          database,
          for_s: seconds(forMs),
        })),
      },
    }
  },
}
