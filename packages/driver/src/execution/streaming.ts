import type { CompiledQuery } from "kysely"

import type { Settled, StreamChunk } from "../engine.ts"
import { failed, success, type Failure } from "../failure/failure.ts"
import { Exchange, type Step } from "../postgres/exchange.ts"
import type { RowDecoder } from "../postgres/row-decoder.ts"
import { describeStatement, type StatementShape } from "../postgres/statement.ts"
import type { ConnectionHolder } from "./attempt.ts"
import { endTransaction } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { callLimits, phaseOf, sendable, type DoorOptions, type Place } from "./plan-statement.ts"
import type { Plan } from "./plan.ts"

/** What a stream needs of the lease it runs on. */
export interface StreamHost extends ConnectionHolder {
  refusalOf(shape: StatementShape): Failure | undefined
  readonly place: Place
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Begins what is pending, runs, and keeps the transaction's record; the caller has the turn. */
  runPlanned(
    planFor: (place: Place, options: DoorOptions) => Plan,
    shape: StatementShape,
    options: DoorOptions,
  ): Promise<Settled<Exchange>>
  /** Holds the turn until the returned function is called. */
  holdTurn(): Promise<() => void>
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
  chunkSize: number,
  options: DoorOptions,
): AsyncGenerator<StreamChunk, void, undefined> {
  const shape = describeStatement(query)
  const refusal = host.refusalOf(shape)
  if (refusal !== undefined) return yield failed(refusal)
  const parameters = sendable(query)
  if (!parameters.ok) return yield parameters

  const own = !host.place.inTransaction
  const letGo = own ? await host.holdTurn() : undefined
  const inTurn: StreamHost["inTurn"] = own ? (work) => work() : (work) => host.inTurn(work)
  const portal = host.nextPortal
  const step = (make: (place: Place, limits: DoorOptions) => Plan): Promise<Settled<Exchange>> =>
    inTurn(() => host.runPlanned(make, shape, options))
  let open = false
  try {
    const opening: Step = {
      do: "open-portal",
      sql: query.sql,
      parameters: parameters.value,
      portal,
      rowsMax: chunkSize,
    }
    let settled = await step((place, limits) => openPlan(machine, query, shape, opening, own, place, limits))
    open = settled.ok
    let decoder: RowDecoder | undefined
    for (;;) {
      if (!settled.ok) return yield failed(settled.failure)
      decoder ??= settled.value.decoder
      const reply = settled.value.replies[0]
      if (reply !== undefined && reply.rows.length > 0) yield success(reply.rows)
      if (reply?.suspended !== true) break
      settled = await step((place, limits) =>
        portalPlan(machine, query, shape, place, limits, () => new Exchange(fetchNext(portal, chunkSize), decoder)),
      )
    }
    open = false
    const closed = await step((place, limits) => closePlan(machine, query, shape, portal, own, place, limits))
    if (!closed.ok) yield failed(closed.failure)
  } finally {
    // The consumer left early: what the statement has done so far stands, as when a statement is read to its end.
    if (open && host.pinned?.dead === undefined && host.pinned?.transactionStatus === "T") {
      await step((place, limits) => closePlan(machine, query, shape, portal, own, place, limits))
    }
    if (own && host.pinned !== undefined && host.pinned.transactionStatus !== "I") {
      await endTransaction(machine, host.pinned, "rollback")
    }
    letGo?.()
  }
}

function fetchNext(portal: string, rowsMax: number) {
  return { protocol: "extended", steps: [{ do: "fetch", portal, rowsMax }] } as const
}

/** The first chunk, with a BEGIN of its own where none is open: read-only unless it is known to write. */
function openPlan(
  machine: Machine,
  query: CompiledQuery,
  shape: StatementShape,
  opening: Step,
  own: boolean,
  place: Place,
  options: DoorOptions,
): Plan {
  const vouched = options.readOnly === true
  const suspected = shape.reads === "ask" && options.readOnly !== false && !machine.knownWrites.has(query.sql)
  const read = shape.reads === "proved" || vouched || (own && suspected)
  const begin = (sql: string): Step[] => (own ? [{ do: "command", sql }] : [])
  const exchange = (sql: string) => () => new Exchange({ protocol: "extended", steps: [...begin(sql), opening] })
  const asWrite: Plan = {
    queryId: query.queryId.queryId,
    sql: query.sql,
    label: options.label,
    exchangeOn: exchange("begin"),
    access: "write",
    // No COMMIT has been sent when this fails, so nothing of it can have been applied.
    phase: "transaction",
    selfCommitting: false,
    enclosed: own,
    repeatable: own,
    ifWrite: undefined,
    counted: true,
    rowsDelivered: false,
    ...callLimits(machine, options),
  }
  if (!read) return asWrite
  return {
    ...asWrite,
    exchangeOn: exchange("begin read only"),
    access: "read",
    phase: phaseOf(shape, place, true),
    ifWrite: own && !vouched && shape.reads === "ask" ? asWrite : undefined,
  }
}

function portalPlan(
  machine: Machine,
  query: CompiledQuery,
  shape: StatementShape,
  place: Place,
  options: DoorOptions,
  exchangeOn: () => Exchange,
): Plan {
  return {
    queryId: query.queryId.queryId,
    sql: query.sql,
    label: options.label,
    exchangeOn,
    access: shape.reads === "no" ? "write" : "read",
    phase: phaseOf(shape, { ...place, inTransaction: true }, false),
    selfCommitting: false,
    enclosed: false,
    repeatable: false,
    ifWrite: undefined,
    counted: false,
    rowsDelivered: true,
    ...callLimits(machine, options),
  }
}

function closePlan(
  machine: Machine,
  query: CompiledQuery,
  shape: StatementShape,
  portal: string,
  own: boolean,
  place: Place,
  options: DoorOptions,
): Plan {
  const steps: Step[] = [{ do: "close-portal", portal }]
  if (own) steps.push({ do: "command", sql: "commit" })
  const plan = portalPlan(machine, query, shape, place, options, () => new Exchange({ protocol: "extended", steps }))
  return own && shape.reads !== "proved" ? { ...plan, phase: "commit" } : plan
}
