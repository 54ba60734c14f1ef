import { alterRole, isSet, type ServerRule } from "../examined.ts"

export const serverReadOnly: ServerRule = {
  code: "SERVER_READ_ONLY",
  when: "the server is a standby, or `default_transaction_read_only` is on for this role, and it is not said that only reads are wanted",
  why: "Every write fails with 25006. After a failover the address may still lead to the old primary.",
  find(examined) {
    const { inRecovery, replay } = examined.server
    const told = isSet(examined, "default_transaction_read_only", "on")
    if (!inRecovery && !told) return undefined
    return {
      severity: inRecovery ? "critical" : "warning",
      message: inRecovery
        ? "The server is a standby: it takes no writes"
        : "default_transaction_read_only is on for this role: its transactions take no writes",
      action: inRecovery
        ? "Connect to the primary (DNS, the pooler's target), or say that only reads are wanted"
        : "Take the setting back, or say that only reads are wanted",
      // Wherever it was said: what is said of the role wins.
      ...(!inRecovery && { sql: alterRole(examined, "default_transaction_read_only", "off") }),
      evidence: { in_recovery: inRecovery, default_transaction_read_only: told, receiving: replay?.receiving ?? null },
    }
  },
}
