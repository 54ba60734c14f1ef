import { alterSystem, graver, isSet, type ServerRule } from "../examined.ts"

export const synchronousCommitOff: ServerRule = {
  code: "SYNCHRONOUS_COMMIT_OFF",
  when: "`synchronous_commit` is off for this role",
  why: "What was acknowledged less than a second before a crash can be gone, and no answer of this library says so.",
  find(examined) {
    if (!isSet(examined, "synchronous_commit", "off")) return undefined
    return {
      severity: graver(examined),
      message: "synchronous_commit is off: a crash takes the last acknowledged commits with it",
      action: "Switch it on, and off again (set local) for the transactions that may be lost",
      sql: alterSystem("synchronous_commit", "on"),
      evidence: { synchronous_commit: "off" },
    }
  },
}
