import type { Failure } from "../failure/failure.ts"
import { catalogQuestion } from "../postgres/catalog-question.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { Exchange, type Step } from "../postgres/exchange.ts"
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
 * The answer has types that this session has not met before: it is asked what they are, before anything else happens on it, and
 * then the rows are read. Answers the failure of the question if that is the statement's own: its connection is lost, or nobody
 * waits any more, and what it did does not stand yet or changes nothing. Else rows that stay unread are its decode failure.
 */
export async function readLate(
  machine: Machine,
  connection: PgConnection,
  plan: Plan,
  exchange: Exchange,
): Promise<Failure | undefined> {
  const { types } = connection
  const fields = exchange.unread?.flatMap((unread) => unread.fields) ?? []
  const asked = types?.unknownsIn(fields)
  if (types === undefined || asked === undefined) return undefined
  const question: Step = { do: "learn", sql: catalogQuestion(asked) }
  const guarded = connection.transactionStatus === "T"
  const steps = guarded ? [GUARD, question, RELEASE] : [question]
  const asking: Plan = {
    ...plan,
    counted: false,
    leaves: undefined,
    exchangeOn: () => new Exchange({ protocol: "extended", steps }),
  }
  const answer = await execute(machine, connection, asking)
  if (answer.error === undefined) {
    types.learn(asked, answer.learnt ?? [])
  } else if (connection.transactionStatus === "E" && connection.dead === undefined) {
    await connection.perform({ protocol: "simple", sql: UNDO })
  }
  const ours = connection.dead === undefined && answer.abandoned === undefined
  if (answer.error !== undefined && !ours && (plan.access === "read" || plan.phase === "transaction")) {
    return failureOf(machine, plan, connection, answer)
  }
  exchange.readLate()
  if (answer.error !== undefined && exchange.decodeFailure !== undefined) {
    exchange.decodeFailure = { ...exchange.decodeFailure, cause: answer.error }
  }
  return undefined
}
