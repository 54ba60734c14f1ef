import { ended, type PgConnection } from "../postgres/connection.ts"
import { planRepair, type LeftBy } from "../postgres/repair.ts"
import type { Machine } from "./machine.ts"

/** Back to the pool after use, in whatever state: a transaction that is still open is ended first. Never fails. */
export async function giveBackUsed(machine: Machine, connection: PgConnection, leftBy: LeftBy): Promise<void> {
  const idle = connection.transactionStatus === "I"
  const resetting = giveBackRepaired(machine, connection, idle || (await repair(machine, connection, leftBy)))
  if (resetting !== undefined) await resetting
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

/** At once; but if something was left in its session, that is undone first. */
export function giveBackRepaired(
  machine: Machine,
  connection: PgConnection,
  clean: boolean,
): Promise<void> | undefined {
  const { condemnedBy, dead, leftovers } = connection
  if (clean && leftovers !== "nothing" && condemnedBy === undefined && !machine.closing.aborted) {
    return giveBackReset(machine, connection)
  }
  if (condemnedBy !== undefined) machine.pool.giveBack(connection, "discard", "failed", condemnedBy)
  else if (clean) machine.pool.giveBack(connection, "keep")
  else machine.pool.giveBack(connection, "discard", dead === undefined ? "not-clean" : "died")
  return undefined
}

async function giveBackReset(machine: Machine, connection: PgConnection): Promise<void> {
  const startedAt = machine.clock.now()
  const clean = await connection.reset()
  if (clean) {
    const durationMs = machine.clock.now() - startedAt
    machine.emit({ name: "session.reset", connectionId: connection.id, durationMs })
    machine.pool.giveBack(connection, "keep")
  } else machine.pool.giveBack(connection, "discard", connection.dead === undefined ? "not-clean" : "died")
}

/** True if the connection is clean afterwards. What raw SQL has left open is an orphan. */
async function repair(machine: Machine, connection: PgConnection, leftBy: LeftBy): Promise<boolean> {
  const { orphanedTransaction, emit } = machine
  const found = connection.transactionStatus
  if (connection.dead !== undefined || found === "I") return false
  const action = planRepair(found, leftBy, orphanedTransaction)
  if (action === "none") return true
  if (leftBy !== "us") emit({ name: "transaction.orphaned", connectionId: connection.id, action })
  if (action === "discard") return false
  const clean = await endTransaction(machine, connection, action)
  emit({ name: "connection.repaired", connectionId: connection.id, found, by: action })
  if (action === "rollback") emit({ name: "transaction.rolled-back", reason: leftBy === "us" ? "repair" : "orphan" })
  return clean
}
