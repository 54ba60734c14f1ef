import { alterSystem, isSet, type ServerRule } from "../examined.ts"

export const lockWaitsNotLogged: ServerRule = {
  code: "LOCK_WAITS_NOT_LOGGED",
  when: "`log_lock_waits` is off",
  why: "When everything was slow for ten minutes last night, the log does not say who waited for whom.",
  find(examined) {
    if (!isSet(examined, "log_lock_waits", "off")) return undefined
    return {
      severity: "info",
      message: "Long waits for locks are not logged",
      action: "Switch it on: it writes a line per wait that is longer than deadlock_timeout",
      sql: alterSystem("log_lock_waits", "on"),
      evidence: { log_lock_waits: "off" },
    }
  },
}
