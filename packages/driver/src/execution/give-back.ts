import { ended, type PgConnection } from "../postgres/connection.ts"
import { planRepair } from "../postgres/repair.ts"
import type { Machine } from "./machine.ts"

/** Back to the pool after use, in whatever state: a transaction that raw SQL left open is an orphan, and is ended first. Never fails. */
export async function giveBackUsed(machine: Machine, connection: PgConnection, harmed: boolean): Promise<void> {
  const idle = connection.transactionStatus === "I"
  giveBackRepaired(machine, connection, idle || (await repairOrphan(machine, connection, harmed)))
}

/** Ends the open transaction within `cancelMs`; true if the connection is clean afterwards. Never rejects. */
export async function endTransaction(
  machine: Machine,
  connection: PgConnection,
  by: "rollback" | "commit",
): Promise<boolean> {
  const { cancelMs } = machine.limits
  const timer = machine.clock.after(cancelMs, () =>
    connection.destroy(ended(`The connection did not answer ${by.toUpperCase()} within ${cancelMs} ms`)),
  )
  await connection.perform({ protocol: "simple", sql: by })
  timer.cancel()
  return connection.reusable
}

export function giveBackRepaired(machine: Machine, connection: PgConnection, clean: boolean): void {
  const { condemnedBy, dead } = connection
  if (condemnedBy !== undefined) machine.pool.giveBack(connection, "discard", "failed", condemnedBy)
  else if (clean) machine.pool.giveBack(connection, "keep")
  else machine.pool.giveBack(connection, "discard", dead === undefined ? "not-clean" : "died")
}

/** True if the connection is clean afterwards. `harmed`: a statement has failed since the transaction was begun. */
async function repairOrphan(machine: Machine, connection: PgConnection, harmed: boolean): Promise<boolean> {
  const { orphanedTransaction, emit } = machine
  const found = connection.transactionStatus
  if (connection.dead !== undefined || found === "I") return false
  const repair = planRepair(found, harmed ? "raw-failed" : "raw-unharmed", orphanedTransaction)
  if (repair === "none") return true
  emit({ name: "transaction.orphaned", connectionId: connection.id, action: repair })
  if (repair === "discard") return false
  const clean = await endTransaction(machine, connection, repair)
  emit({ name: "connection.repaired", connectionId: connection.id, found, by: repair })
  if (repair === "rollback") emit({ name: "transaction.rolled-back", reason: "orphan" })
  return clean
}
