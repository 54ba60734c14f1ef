import { call, cut, inject, stall, type Action } from "@kysely-resilient/testing"

import type { Cell } from "./cells.ts"
import type { Ground } from "./ground.ts"

/** What the proxy does at the instant. */
export function actionsOf(ground: Ground, cell: Cell): Action | readonly Action[] {
  if (cell.fault === "FIN") return cut({ how: "fin" })
  if (cell.fault === "RST") return cut({ how: "rst" })
  if (cell.fault === "blackhole" || cell.fault === "silence") return stall()
  // The connection that brings a CancelRequest has no session either; it is about the only other one.
  if (cell.instant.during === "cancel") return call(() => terminate(ground, sessionOf(ground)))
  // No session yet: the words are real ones, and who says them is the proxy.
  if (cell.instant.name === "startup" || cell.instant.name === "password") return [inject(SHUTDOWN), cut()]
  return call(({ backendPid }) => terminate(ground, backendPid))
}

const SHUTDOWN = {
  kind: "ErrorResponse",
  severity: "FATAL",
  code: "57P01",
  message: "terminating connection due to administrator command",
  routine: "ProcessInterrupts",
} as const

function sessionOf({ proxy }: Ground): number | undefined {
  return proxy.connections.find(({ backendPid }) => backendPid !== undefined)?.backendPid
}

const TERMINATED_MS = 5_000

/** Whatever was on its way when the session ended is still delivered, and the FATAL behind it. */
async function terminate({ side }: Ground, backendPid: number | undefined): Promise<void> {
  const { rows } = await side.query<{ ended: boolean }>(`select pg_terminate_backend($1, ${TERMINATED_MS}) as ended`, [
    backendPid,
  ])
  if (rows[0]?.ended !== true) throw new Error(`there was nobody to terminate: ${backendPid}`)
}
