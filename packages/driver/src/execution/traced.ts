import type { Settled } from "../engine.ts"
import type { Failure, Outcome } from "../failure/failure.ts"
import { summaryOf } from "../postgres/query-summary.ts"
import type { Exchange } from "../postgres/exchange.ts"
import {
  acquisitions,
  queries,
  trace,
  transactions,
  type QueryMessage,
  type TransactionMessage,
  type WaitMessage,
} from "../telemetry/channels.ts"
import type { TransactionSettings } from "../engine.ts"
import type { DatabaseIdentity } from "../telemetry/identity.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import type { Plan } from "./plan.ts"

/** Somebody listens for statements, and this is one of a caller's. */
export function queryIsTraced(plan: Plan): boolean {
  return queries.hasSubscribers && plan.counted
}

export function traceQuery(
  database: DatabaseIdentity,
  holder: ConnectionHolder,
  plan: Plan,
  run: () => Promise<Settled<Exchange>>,
): Promise<Settled<Exchange>> {
  const message = new TracedQuery(database, plan, holder.transaction?.traced)
  return trace(queries, message, run, (settled) => {
    message.attempts = settled.attempts
    if (settled.ok) message.rowCount = rowsOf(settled.value)
    else message.error = settled.failure
  })
}

class TracedQuery implements QueryMessage {
  readonly database: DatabaseIdentity
  readonly sql: string
  readonly label: string | undefined
  readonly transaction: TransactionMessage | undefined
  attempts: number | undefined
  rowCount: number | undefined
  error: Failure | undefined

  constructor(database: DatabaseIdentity, { sql, label }: Plan, transaction: TransactionMessage | undefined) {
    this.database = database
    this.sql = sql
    this.label = label
    this.transaction = transaction
  }

  get summary(): string {
    return summaryOf(this)
  }
}

function rowsOf({ replies }: Exchange): number {
  let rows = 0
  for (const reply of replies) rows += reply.rows.length
  return rows
}

/** Undefined if nobody listens. */
export function beginTraced(
  database: DatabaseIdentity,
  { label, isolation, accessMode }: TransactionSettings,
): TransactionMessage | undefined {
  if (!transactions.hasSubscribers) return undefined
  const message: TransactionMessage = { database, label, isolation, accessMode, outcome: undefined, error: undefined }
  transactions.start.publish(message)
  transactions.end.publish(message)
  return message
}

export function endTraced(
  message: TransactionMessage,
  outcome: "committed" | "rolled-back",
  failure: Failure | undefined,
): void {
  message.outcome = outcome
  message.error = failure
  if (failure !== undefined) transactions.error.publish(message)
  transactions.asyncStart.publish(message)
  transactions.asyncEnd.publish(message)
}

/** A statement's way to a connection, which is often none at all. */
export function traceAcquire<T>(
  database: DatabaseIdentity,
  acquire: () => Outcome<T> | Promise<Outcome<T>>,
): Outcome<T> | Promise<Outcome<T>> {
  const message: WaitMessage = { database, error: undefined }
  const { start, end, asyncStart, asyncEnd, error } = acquisitions
  const note = (outcome: Outcome<T>): Outcome<T> => {
    if (outcome.ok) return outcome
    message.error = outcome.failure
    error.publish(message)
    return outcome
  }
  return start.runStores(message, () => {
    const soon = acquire()
    if (!(soon instanceof Promise)) note(soon)
    end.publish(message)
    if (!(soon instanceof Promise)) return soon
    return soon.then((outcome) => {
      note(outcome)
      asyncStart.publish(message)
      asyncEnd.publish(message)
      return outcome
    })
  })
}
