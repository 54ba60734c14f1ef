import { classify } from "../failure/classify.ts"
import { untouched, type Evidence } from "../failure/effect.ts"
import type { Failure } from "../failure/failure.ts"
import {
  abandoned,
  commitWithoutTransaction,
  decodeFailed,
  replicationUnconfirmed,
  transactionAborted,
} from "../failure/local.ts"
import { remainingMs } from "../foundation/deadline.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

/** What an exchange that is over amounts to: nothing, if it did what it should and says so. */
export function failureOf(
  machine: Machine,
  plan: Plan,
  connection: PgConnection,
  exchange: Exchange,
): Failure | undefined {
  if (exchange.unremarkable && plan.phase !== "commit") return undefined
  const evidence = evidenceOf(plan, connection, exchange)
  if (exchange.error !== undefined) {
    const failure = classify(exchange.error, evidence)
    // The one acknowledgement that needs no ReadyForQuery: an explicit COMMIT's CommandComplete.
    if (plan.phase === "commit" && failure.effect === "applied") return undefined
    const overdue = plan.deadline !== undefined && remainingMs(machine.clock, plan.deadline) === 0
    // The server's own limit, which we gave it, was a little quicker than ours.
    return overdue && failure.kind === "statement_timeout" && evidence.backstop ? asOverdue(failure, evidence) : failure
  }
  if (exchange.syncRepWait && plan.access === "write") return replicationUnconfirmed(evidence)
  if (plan.phase === "commit") {
    if (exchange.commitTag === "ROLLBACK") return transactionAborted({ evidence })
    if (exchange.noTransaction) return commitWithoutTransaction(evidence)
  }
  if (exchange.decodeFailure !== undefined) {
    const { column, type, cause } = exchange.decodeFailure
    return decodeFailed({ column, type, evidence, cause })
  }
  return undefined
}

function asOverdue(failure: Failure, evidence: Evidence): Failure {
  const { kind, message } = abandoned("deadline", evidence)
  return { ...failure, kind, message, retry: "never" }
}

/** What was seen on the wire, beside what is known of the plan. */
export function evidenceOf(plan: Plan, connection: PgConnection, exchange: Exchange): Evidence {
  return {
    ...untouched(plan.phase),
    sent: exchange.sent,
    readOnly: plan.access === "read",
    selfCommitting: plan.selfCommitting,
    noTransaction: exchange.noTransaction,
    completed: exchange.completed > 0,
    ready: exchange.ready !== undefined,
    protocol: exchange.request.protocol,
    syncRepWait: exchange.syncRepWait,
    quickdie: exchange.quickdie,
    backstop: plan.phase === "transaction" && !plan.enclosed && plan.deadline !== undefined,
    everConnected: true,
    serverWrites: connection.serverWrites,
    ...(exchange.commitTag !== undefined && plan.phase === "commit" && { commitTag: exchange.commitTag }),
    ...(exchange.abandoned !== undefined && { abandoned: exchange.abandoned }),
    ...(plan.deadline !== undefined && { deadlineMs: plan.deadline.limitMs }),
  }
}
