import { channel, tracingChannel, type Channel, type TracingChannel } from "node:diagnostics_channel"

import type { Failure } from "../failure/failure.ts"
import type { DriverEvent, DriverEventName } from "./events.ts"
import type { DatabaseIdentity } from "./identity.ts"

/** One of the caller's statements, from its call to its answer, retries included. Parameters are never told. */
export interface QueryMessage {
  readonly database: DatabaseIdentity
  /** Parameterised text. */
  readonly sql: string
  /** What it does, in a few words; worked out when it is asked for. */
  readonly summary: string
  /** The name a caller gave it. */
  readonly label: string | undefined
  /** The one that it runs in. */
  readonly transaction: TransactionMessage | undefined
  /** Known at the end: tries that got a connection. */
  attempts: number | undefined
  /** Known at the end: rows of the answer, of all statements if it was several. */
  rowCount: number | undefined
  /** Known at the end, if it has failed. */
  error: Failure | undefined
}

/** One explicit transaction on one connection, from its begin to its end. One that is re-run is another. */
export interface TransactionMessage {
  readonly database: DatabaseIdentity
  readonly label: string | undefined
  readonly isolation: string | undefined
  readonly accessMode: string | undefined
  /** Known at the end. */
  outcome: "committed" | "rolled-back" | undefined
  /** Known at the end: what failed in it first. */
  error: Failure | undefined
}

/** A statement's wait for a connection; `connect`: the opening of one. */
export interface WaitMessage {
  readonly database: DatabaseIdentity
  error: Failure | undefined
}

/** Somebody got a connection, or gave it back. */
export interface PoolMessage {
  readonly database: DatabaseIdentity
  /** Of the wait, or of the use. Milliseconds. */
  readonly durationMs: number
}

/** Something happened at one moment. */
export interface PointMessage {
  readonly database: DatabaseIdentity
  readonly event: DriverEvent
}

/** What is traced, by Node's own channels: `tracing:kysely-resilient:query:start` and so on. */
export const queries: TracingChannel<QueryMessage, QueryMessage> = tracingChannel("kysely-resilient:query")
export const transactions: TracingChannel<TransactionMessage, TransactionMessage> =
  tracingChannel("kysely-resilient:transaction")
export const acquisitions: TracingChannel<WaitMessage, WaitMessage> = tracingChannel("kysely-resilient:pool:acquire")
export const connects: TracingChannel<WaitMessage, WaitMessage> = tracingChannel("kysely-resilient:connect")

export const acquired: Channel = channel("kysely-resilient:connection:acquire")
export const released: Channel = channel("kysely-resilient:connection:release")

/** For whoever listens in this process. `hasSubscribers` of one costs nothing to ask. */
export const channels: {
  readonly query: TracingChannel<QueryMessage, QueryMessage>
  readonly transaction: TracingChannel<TransactionMessage, TransactionMessage>
  readonly acquire: TracingChannel<WaitMessage, WaitMessage>
  readonly connect: TracingChannel<WaitMessage, WaitMessage>
  readonly acquired: Channel
  readonly released: Channel
} = Object.freeze({
  query: queries,
  transaction: transactions,
  acquire: acquisitions,
  connect: connects,
  acquired,
  released,
})

const circuit = channel("kysely-resilient:circuit:state")
const repair = channel("kysely-resilient:transaction:repair")
const leak = channel("kysely-resilient:connection:leak")

const POINTS: Readonly<Partial<Record<DriverEventName, Channel>>> = {
  "query.retried": channel("kysely-resilient:retry"),
  "transaction.rerun": channel("kysely-resilient:retry"),
  "operation.rerun": channel("kysely-resilient:retry"),
  "circuit.opened": circuit,
  "circuit.half-opened": circuit,
  "circuit.closed": circuit,
  "connection.repaired": repair,
  "transaction.orphaned": repair,
  "connection.discarded": channel("kysely-resilient:connection:discard"),
  "transaction.held-too-long": leak,
  "connection.held-too-long": leak,
  "pool.reset": channel("kysely-resilient:pool:reset"),
}

/** Publishes what has a channel. With nobody subscribed to it that is one look. */
export function publish(database: DatabaseIdentity, event: DriverEvent): void {
  // Of what happens most often nobody need be asked.
  if (event.name === "query.succeeded") return
  const point = POINTS[event.name]
  if (point?.hasSubscribers === true) point.publish({ database, event } satisfies PointMessage)
}

/**
 * From its call to its answer, which never rejects. Stores that are bound to the channel hold for everything in between, and what is
 * published at the end is in the context of the caller.
 */
export function trace<M extends object, T extends { readonly ok: boolean }>(
  { start, end, asyncStart, asyncEnd, error }: TracingChannel<M, M>,
  message: M & { error: Failure | undefined },
  run: () => Promise<T>,
  note: (answer: T) => void,
): Promise<T> {
  return start.runStores(message, () => {
    const answering = run()
    end.publish(message)
    return answering.then((answer) => {
      note(answer)
      if (message.error !== undefined) error.publish(message)
      asyncStart.publish(message)
      asyncEnd.publish(message)
      return answer
    })
  })
}
