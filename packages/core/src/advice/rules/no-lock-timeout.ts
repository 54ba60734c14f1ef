import { alterRole, numberOf, type ServerRule } from "../examined.ts"

export const noLockTimeout: ServerRule = {
  code: "NO_LOCK_TIMEOUT",
  when: "`lock_timeout` is 0 for this role",
  why: "One ALTER TABLE that waits for a lock makes everybody behind it wait too.",
  find(examined) {
    if (numberOf(examined, "lock_timeout") !== 0) return undefined
    return {
      severity: "info",
      message: "A statement waits for a lock for as long as its deadline allows",
      action: "Give the role a limit, below that of statements",
      sql: alterRole(examined, "lock_timeout", "10s"),
      evidence: { lock_timeout_ms: 0 },
    }
  },
}
