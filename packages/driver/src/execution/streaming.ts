import type { CompiledQuery } from "kysely"

import type { Settled, StreamChunk } from "../engine.ts"
import type { Effect, Failure } from "../failure/failure.ts"
import type { Exchange } from "../postgres/exchange.ts"
import type { RowDecoder } from "../postgres/row-decoder.ts"
import { describeStatement, type StatementShape } from "../postgres/statement.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import { endTransaction } from "./give-back.ts"
import type { HeldTurn } from "./held-turn.ts"
import { afterTheEnd, type LeasedTransaction } from "./leased-transaction.ts"
import type { Machine } from "./machine.ts"
import { commentOf, sendable, type DoorOptions, type Place } from "./plan-statement.ts"
import type { Plan } from "./plan.ts"
import { PortalPlans } from "./portal-plans.ts"
import { failedLike, refuse } from "./settled.ts"

/** What a stream needs of the lease it runs on. */
export interface StreamHost extends ConnectionHolder {
  refusalOf(shape: StatementShape): Failure | undefined
  readonly place: Place
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Waits for its turn and keeps it. */
  holdTurn(): Promise<HeldTurn>
  readonly transaction: LeasedTransaction | undefined
  /** Begins `transaction` if that is pending, runs, and keeps its record; the caller has the turn. */
  runPlanned(
    transaction: LeasedTransaction | undefined,
    planFor: (place: Place, options: DoorOptions) => Plan,
    shape: StatementShape,
    options: DoorOptions,
  ): Promise<Settled<Exchange>>
  readonly nextPortal: string
}

/**
 * Rows in chunks, from a portal that stays open between them. A portal lives as long as its transaction, so outside
 * of one the stream brings its own: BEGIN rides with the first chunk, COMMIT with the end. Every chunk is a Sync group of its
 * own; in the application's transaction, other statements may therefore run between two of them.
 *
 * Until the first chunk is out the stream may move to another connection like any statement; after it, never.
 */
export async function* streamOn(
  machine: Machine,
  host: StreamHost,
  query: CompiledQuery,
  rowsMax: number,
  options: DoorOptions,
): AsyncGenerator<StreamChunk, void, undefined> {
  const shape = describeStatement(query)
  const refusal = host.refusalOf(shape)
  if (refusal !== undefined) return yield refuse(refusal)
  const parameters = sendable(query)
  if (!parameters.ok) return yield refuse(parameters.failure)

  const { transaction, place } = host
  const own = !place.inTransaction
  const turn = own ? await host.holdTurn() : undefined
  const comment = machine.comments === undefined ? undefined : commentOf(machine.comments, place, options)
  const plans = new PortalPlans(machine, { query, shape, portal: host.nextPortal, rowsMax, own, comment })
  const step = (planFor: (place: Place, limits: DoorOptions) => Plan): Promise<Settled<Exchange>> => {
    const run = (): Promise<Settled<Exchange>> => host.runPlanned(transaction, planFor, shape, options)
    if (turn === undefined) return host.inTurn(run)
    return turn.over ? Promise.resolve(refuse(afterTheEnd())) : turn.during(run)
  }
  let open = false
  try {
    let decoder: RowDecoder | undefined
    let chunk = await step((here, limits) => plans.open(parameters.value, here, limits))
    open = chunk.ok
    if (chunk.ok) plans.opened(chunk.value, place, options)
    for (;;) {
      if (!chunk.ok) return yield failedLike(chunk)
      decoder ??= chunk.value.decoder
      const reply = chunk.value.replies[0]
      if (reply !== undefined && reply.rows.length > 0) {
        yield { ok: true, value: reply.rows, attempts: chunk.attempts, access: plans.reads ? "read" : "write" }
      }
      if (reply?.suspended !== true) break
      chunk = await step((_, limits) => plans.next(decoder, limits))
    }
    open = false
    const closed = await step((_, limits) => plans.close(limits))
    // Every row of a read is out: what became of its COMMIT is nobody's business.
    if (!closed.ok && !(own && plans.reads)) yield failedLike(closed)
  } finally {
    // The consumer left early: what the statement has done so far stands, as when a statement is read to its end.
    if (open) {
      const left = host.pinned
      const closed =
        left?.dead === undefined && left?.transactionStatus === "T"
          ? await step((_, limits) => plans.close(limits))
          : undefined
      options.onLeft?.(effectOfLeaving(own, closed))
    }
    const left = turn === undefined || turn.over ? undefined : host.pinned
    if (left !== undefined && left.transactionStatus !== "I") await endTransaction(machine, left, "rollback")
    turn?.letGo()
  }
}

/** In a transaction of the application's nothing is applied yet; and in its own, nothing was before its COMMIT. */
function effectOfLeaving(own: boolean, closed: Settled<Exchange> | undefined): Effect {
  if (!own || closed === undefined) return "not_applied"
  return closed.ok ? "applied" : closed.failure.effect
}
