import type { ServerRule } from "../examined.ts"
import { inSeconds, many, seconds } from "../memory.ts"

export const idleInTransaction: ServerRule = {
  code: "IDLE_IN_TRANSACTION",
  when: "a session rests in an open transaction for more than 5 s",
  why: "It holds its locks and its snapshot while it does nothing: others wait, and vacuum cannot remove what is dead.",
  needs: ["activity"],
  find({ activity, limits }) {
    const resting = (activity?.idleInTransaction ?? []).filter(({ forMs }) => forMs > limits.idleInTransactionMs)
    const [longest] = resting
    if (longest === undefined) return undefined
    return {
      severity: "warning",
      message: `${many(resting.length, "session rests", "sessions rest")} in an open transaction, the longest for ${inSeconds(longest.forMs)}`,
      action: "Let the application end its transactions before it waits for anything else; to end one now",
      sql: resting.map(({ pid }) => `select pg_terminate_backend(${pid})`).join(";\n"),
      evidence: {
        sessions: resting.map(({ pid, user, application, database, forMs }) => ({
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
