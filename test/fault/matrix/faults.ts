import { call, cut, inject, stall, type Action } from "@kysely-resilient/testing"

import type { Cell } from "./cells.ts"
import type { Ground } from "./ground.ts"

/** What the proxy does at the instant. */
export function actionsOf(ground: Ground, cell: Cell): Action | readonly Action[] {
  if (cell.fault === "FIN") return cut({ how: "fin" })
  if (cell.fault === "RST") return cut({ how: "rst" })
  if (cell.fault === "blackhole") return stall()
  if (cell.instant.during === "cancel") return call(() => terminate(ground, "waits"))
  // No session yet: the words are real ones, and who says them is the proxy.
  if (cell.instant.name === "startup" || cell.instant.name === "password") return [inject(SHUTDOWN), cut()]
  return call(({ backendPid }) => terminate(ground, backendPid ?? 0))
}

const SHUTDOWN = {
  kind: "ErrorResponse",
  severity: "FATAL",
  code: "57P01",
  message: "terminating connection due to administrator command",
  routine: "ProcessInterrupts",
} as const

const TERMINATED_MS = 5_000

/** Whatever was on its way when the session ended is still delivered, and the FATAL behind it. */
async function terminate({ side }: Ground, whom: number | "waits"): Promise<void> {
  const { rows } = await side.query<{ ended: boolean }>(
    `select pg_terminate_backend(pid, ${TERMINATED_MS}) as ended from pg_stat_activity
     where datname = current_database() and ${whom === "waits" ? "wait_event_type = 'Lock'" : `pid = ${whom}`}`,
  )
  if (rows.length !== 1 || rows[0]?.ended !== true) throw new Error(`there was nobody to terminate: ${whom}`)
}
