import { alterRole, graver, numberOf, type ServerRule } from "../examined.ts"
import { seconds } from "../memory.ts"

export const noStatementTimeout: ServerRule = {
  code: "NO_STATEMENT_TIMEOUT",
  when: "`statement_timeout` is 0 for this role; a warning if this client has no deadline either (`timeouts.queryMs`)",
  why: "One statement without an end holds its connection, its locks and its snapshot for as long as it likes.",
  find(examined) {
    if (numberOf(examined, "statement_timeout") !== 0) return undefined
    const { queryMs } = examined.configuration.timeouts
    return {
      severity: queryMs === undefined ? graver(examined) : "info",
      message:
        queryMs === undefined
          ? "No statement has a time limit, neither here nor on the server"
          : `Only this client ends long statements, after ${seconds(queryMs)} s; the server would let them run`,
      action: "Give the role a limit; migrations and reports can raise it for themselves",
      sql: alterRole(examined, "statement_timeout", "60s"),
      evidence: { statement_timeout_ms: 0, query_ms: queryMs ?? null },
    }
  },
}
