import type { ServerRule } from "../examined.ts"

export const poolerBetween: ServerRule = {
  code: "POOLER_BETWEEN",
  when: "the process that answers is not the one that the connection was opened to; a warning if several answered on one connection, which is transaction mode, and lost COMMITs are looked for by transaction number",
  why: "In transaction mode LISTEN, SET outside of a transaction, session advisory locks and temporary tables do not hold; statement time-outs must be set at the role.",
  find({ pooled, pings, configuration }) {
    const several = pings.processes > 1
    if (!pooled && !several) return undefined
    const weak = several && configuration.resolution === "xid"
    return {
      severity: weak ? "warning" : "info",
      message: several
        ? `A pooler in transaction mode is in between: ${pings.processes} server processes answered on one connection`
        : "A pooler is in between; whether it is in transaction mode shows only under load",
      action: weak
        ? 'Set resolution: "marker", which finds out what became of a lost COMMIT behind a pooler too; connect directly for LISTEN and migrations'
        : "Connect directly for LISTEN and migrations",
      evidence: { pooled, processes: pings.processes, pings: pings.count, resolution: configuration.resolution },
    }
  },
}
