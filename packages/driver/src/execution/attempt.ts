import { classify } from "../failure/classify.ts"
import type { Failure, Outcome } from "../failure/failure.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Claim } from "../postgres/claim.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { acquire, notAnyMore } from "./acquire.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import { evidenceOf, failureOf } from "./evidence.ts"
import { execute } from "./execute.ts"
import { endTransaction, giveBackRepaired } from "./give-back.ts"
import { readLate } from "./late-reading.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

export type Tried =
  | { readonly ok: true; readonly exchange: Exchange }
  | {
      readonly ok: false
      readonly failure: Failure
      /** False: it never got as far as a connection, so it was no try. */
      readonly connected: boolean
      /** On which one, if it got one. */
      readonly connectionId?: number
      /** The transaction status when it was sent. */
      readonly inTransaction: boolean
      /** What the server answered before COMMIT, or with it. */
      readonly exchange?: Exchange
      /** How what became of its COMMIT can be found out. */
      readonly claim?: Claim | undefined
    }

/**
 * One try: execute, classify; then the connection is pinned, kept, given back repaired, or thrown away.
 *
 * @param acquired what it is made on
 * @param waited   for that
 */
export async function attempt(
  machine: Machine,
  holder: ConnectionHolder,
  planned: Plan,
  acquired: Outcome<PgConnection>,
  waited: boolean,
): Promise<Tried> {
  if (!acquired.ok) return { ok: false, failure: acquired.failure, connected: false, inTransaction: false }

  const connection = acquired.value
  const pinned = holder.pinned
  if (pinned === undefined) {
    if (!connection.reusable) {
      // Not clean, whatever left it so: it is not used.
      machine.pool.giveBack(connection, "discard", connection.dead === undefined ? "not-clean" : "died")
      const another = acquire(machine, holder, planned, true)
      if (another instanceof Promise) return attempt(machine, holder, planned, await another, true)
      return attempt(machine, holder, planned, another, false)
    }
    // Whoever it is for may have gone in the moment that it came.
    const late = waited ? notAnyMore(machine, planned) : undefined
    if (late !== undefined) {
      machine.pool.giveBack(connection, "keep")
      return { ok: false, failure: late, connected: false, inTransaction: false }
    }
  }
  const statusBefore = connection.transactionStatus
  let plan = planned.on === undefined ? planned : planned.on(connection)
  holder.inFlight = connection
  machine.watch.begin()
  const first = await execute(machine, connection, plan)
  let exchange = first
  // What was lost while its types were asked for is not read.
  const unread =
    first.unread === undefined || first.error !== undefined
      ? undefined
      : await readLate(machine, connection, plan, first)
  let failure = unread ?? failureOf(machine, plan, connection, first)
  if (plan.commit !== undefined && (failure === undefined || failure.kind === "decode_failed")) {
    plan = plan.commit(first)
    failure = notAnyMore(machine, plan)
    if (failure === undefined) {
      exchange = await execute(machine, connection, plan)
      // It stands, even where its answer cannot be read.
      failure = failureOf(machine, plan, connection, exchange) ?? failureOf(machine, planned, connection, first)
    }
  }
  holder.inFlight = undefined
  if (failure?.connection.startsWith("discard")) connection.condemnedBy = failure

  if (connection.dead !== undefined) {
    // Answered, and gone with its next breath: whatever the answer began (a transaction, a setting) is gone too, and
    // what comes next must not run elsewhere without it.
    if (pinned === undefined && failure === undefined) holder.pin(connection)
    // What the statement itself did wrong is its own; it did not take the connection with it.
    const loss = failure?.connection.startsWith("discard")
      ? failure
      : classify(connection.dead.cause, evidenceOf(plan, connection, exchange))
    if (holder.pinned !== undefined) holder.lose(loss)
    else machine.pool.giveBack(connection, "discard", exchange.abandoned === undefined ? "died" : "abandoned", loss)
  } else if (pinned === undefined && (holder.takeFresh === undefined || connection.condemnedBy !== undefined)) {
    settleFresh(machine, holder, connection, plan, failure)
  } else {
    if (pinned === undefined) holder.pin(connection)
    if (failure !== undefined && plan.enclosed && connection.transactionStatus !== "I") {
      await endTransaction(machine, connection, "rollback")
    }
  }

  if (failure === undefined) return { ok: true, exchange: first }
  const inTransaction = statusBefore !== "I"
  const connectionId = connection.id
  return { ok: false, failure, connected: true, connectionId, inTransaction, exchange: first, claim: exchange.claim }
}

/**
 * After an answer on a connection of the pool's. Success pins it; so does a failure that left a transaction open, for
 * the statement itself began it and its caller will want to end it. All else leaves nothing behind: back to the pool.
 */
function settleFresh(
  machine: Machine,
  holder: ConnectionHolder,
  connection: PgConnection,
  plan: Plan,
  failure: Failure | undefined,
): void {
  const idle = connection.transactionStatus === "I"
  if (failure === undefined || (!idle && !plan.enclosed)) return holder.pin(connection)
  if (idle || connection.condemnedBy !== undefined) return void giveBackRepaired(machine, connection, true)
  // The BEGIN that it brought is still open; its caller need not wait for the ROLLBACK.
  void endTransaction(machine, connection, "rollback").then((clean) => giveBackRepaired(machine, connection, clean))
}
