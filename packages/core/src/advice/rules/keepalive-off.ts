import { graver, type ServerRule } from "../examined.ts"

export const keepaliveOff: ServerRule = {
  code: "KEEPALIVE_OFF",
  when: "`connection.keepAlive` is false",
  why: "A connection whose other end is gone looks idle for ever, and firewalls forget it.",
  find(examined) {
    if (examined.configuration.connection?.keepAlive !== false) return undefined
    return {
      severity: graver(examined),
      message: "TCP keep-alive is switched off on this side",
      action: "Leave connection.keepAlive out: it is on by default",
      evidence: { keep_alive: false },
    }
  },
}
