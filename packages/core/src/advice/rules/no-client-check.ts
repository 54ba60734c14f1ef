import { alterSystem, graver, numberOf, type ServerRule } from "../examined.ts"

export const noClientCheck: ServerRule = {
  code: "NO_CLIENT_CHECK",
  when: "`client_connection_check_interval` is 0",
  why: "A statement whose client has died runs to its end, with its locks: after a deploy the old queries run on beside the new ones.",
  find(examined) {
    if (numberOf(examined, "client_connection_check_interval") !== 0) return undefined
    return {
      severity: graver(examined),
      message: "The server does not notice while a statement runs that its client is gone",
      action: "Let it look every ten seconds, which costs next to nothing",
      sql: alterSystem("client_connection_check_interval", "10s"),
      evidence: { client_connection_check_interval_ms: 0 },
    }
  },
}
