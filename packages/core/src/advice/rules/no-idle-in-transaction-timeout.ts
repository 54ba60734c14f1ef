import { alterRole, graver, numberOf, type ServerRule } from "../examined.ts"

export const noIdleInTransactionTimeout: ServerRule = {
  code: "NO_IDLE_IN_TRANSACTION_TIMEOUT",
  when: "`idle_in_transaction_session_timeout` and `transaction_timeout` are both 0 for this role",
  why: "A process that stops in the middle of a transaction holds its locks and keeps vacuum away until somebody ends it by hand.",
  find(examined) {
    const names = ["idle_in_transaction_session_timeout", "transaction_timeout"]
    const idle = numberOf(examined, "idle_in_transaction_session_timeout")
    // transaction_timeout came with PostgreSQL 17.
    if (idle !== 0 || (numberOf(examined, "transaction_timeout") ?? 0) > 0) return undefined
    return {
      severity: graver(examined),
      message: "A session may rest in an open transaction for ever",
      action: "Give the role a limit",
      sql: alterRole(examined, "idle_in_transaction_session_timeout", "60s"),
      evidence: Object.fromEntries(names.map((name) => [`${name}_ms`, numberOf(examined, name) ?? null])),
    }
  },
}
