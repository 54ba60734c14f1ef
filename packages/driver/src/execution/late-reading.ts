import type { Failure } from "../failure/failure.ts"
import { catalogQuestion } from "../postgres/catalog-question.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Step } from "../postgres/request.ts"
import { failureOf } from "./evidence.ts"
import { execute } from "./execute.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

const SAVEPOINT = "kysely_resilient_types"

/** An accident with our question must not cost the caller his transaction. */
const GUARD: Step = { do: "command", sql: `savepoint ${SAVEPOINT}` }
const RELEASE: Step = { do: "command", sql: `release savepoint ${SAVEPOINT}` }
const UNDO = `rollback to savepoint ${SAVEPOINT}; release savepoint ${SAVEPOINT}`

/**
 * The answer has types that this session has not met before, or must not trust its memory of: it is asked what they are, before
 * anything else happens on it, and then the rows are read. Answers the failure of the question if that is the statement's own: its
 * connection is lost, or nobody waits any more, and what it did does not stand yet or changes nothing. Else rows that stay unread
 * are its decode failure.
 */
export async function readLate(
  machine: Machine,
  connection: PgConnection,
  plan: Plan,
  exchange: Exchange,
): Promise<Failure | undefined> {
  const { types } = connection
  if (types === undefined || exchange.unread === undefined) return undefined
  const fields = exchange.unread.flatMap((unread) => unread.fields)
  if (exchange.confirmed !== undefined && types.confirms(plan.sql, exchange.confirmed, fields)) {
    exchange.readLate(types.known)
    return undefined
  }
  const asked = types.unknownsIn(fields)
  const answer = await ask(machine, connection, plan, { do: "learn", sql: catalogQuestion(asked) })
  if (answer.error === undefined) {
    types.learn(asked, answer.learnt ?? [])
    types.doubt(plan.sql, fields)
    // Behind a pooler the question may have reached another server than the statement.
    const agreed = exchange.confirmed === undefined || types.agrees(exchange.confirmed, asked)
    exchange.readLate(agreed ? types.known : types)
    return undefined
  }
  const interrupted = connection.dead !== undefined || answer.abandoned !== undefined
  if (interrupted && (plan.access === "read" || plan.phase === "transaction")) {
    return failureOf(machine, plan, connection, answer)
  }
  exchange.readLate()
  if (exchange.decodeFailure !== undefined) {
    exchange.decodeFailure = { ...exchange.decodeFailure, cause: answer.error }
  }
  return undefined
}

async function ask(machine: Machine, connection: PgConnection, plan: Plan, question: Step): Promise<Exchange> {
  const guarded = connection.transactionStatus === "T"
  const steps = guarded ? [GUARD, question, RELEASE] : [question]
  const answer = await execute(machine, connection, {
    ...plan,
    sql: "",
    counted: false,
    leaves: undefined,
    exchangeOn: () => new Exchange({ protocol: "extended", steps }),
  })
  if (connection.transactionStatus === "E" && connection.dead === undefined) {
    await connection.perform({ protocol: "simple", sql: UNDO })
  }
  return answer
}
