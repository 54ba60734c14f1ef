import { literal, type ServerRule } from "../examined.ts"
import { inSeconds, many, seconds } from "../memory.ts"

export const preparedTransactions: ServerRule = {
  code: "PREPARED_TRANSACTIONS",
  when: "a prepared transaction is older than a minute",
  why: "Nothing but a person or its transaction manager ends it, not even a restart; until then it holds its locks and keeps vacuum away.",
  needs: ["activity"],
  find({ activity, limits }) {
    const old = (activity?.prepared ?? []).filter(({ forMs }) => forMs > limits.preparedMs)
    const [oldest] = old
    if (oldest === undefined) return undefined
    return {
      severity: "warning",
      message: `${many(old.length, "prepared transaction")} nobody has ended, the oldest for ${inSeconds(oldest.forMs)}`,
      action: "Ask its transaction manager what became of it; commit it or roll it back by name",
      sql: old.map(({ name }) => `rollback prepared ${literal(name)}`).join(";\n"),
      evidence: {
        prepared: old.map(({ name, owner, database, forMs }) => ({ name, owner, database, for_s: seconds(forMs) })),
      },
    }
  },
}
