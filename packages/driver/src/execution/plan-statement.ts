import type { CompiledQuery } from "kysely"

import type { StatementOptions } from "../engine.ts"
import { failed, success, type Outcome, type Phase } from "../failure/failure.ts"
import type { Evidence } from "../failure/effect.ts"
import { encodeFailed } from "../failure/local.ts"
import { deadlineAfter, earlier } from "../foundation/deadline.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Parameters, Step } from "../postgres/request.ts"
import { worse, type Leftovers } from "../postgres/leftovers.ts"
import { PARAMETERS_MAX, prepareParameters, refuseText, type Refusal } from "../postgres/parameters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { StatementShape } from "../postgres/statement.ts"
import { countedInMarker, inTwoFlights, type CountedWrite } from "./autocommit.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { xidRider } from "./proof.ts"
import type { SqlComments } from "./sql-comments.ts"

/** Where a statement is going to run. */
export interface Place {
  /** Nothing depends on one connection yet, and no transaction is open or about to be. */
  readonly fresh: boolean
  readonly inTransaction: boolean
  /** The transaction is READ ONLY: the server holds every statement of it to that. */
  readonly readOnly: boolean
  /** The transaction's number is wanted, and not known yet. */
  readonly wantsXid: boolean
  /** What the transaction is called that it is part of. */
  readonly within?: string | undefined
}

/** What Kysely's door adds to a caller's own words. */
export interface DoorOptions extends StatementOptions {
  readonly abortInFlight?: boolean
  /** The server keeps the statement prepared under this name, on each connection that it runs on. At most 63 bytes. */
  readonly statementName?: string
}

/** How a group of statements travels; each try is an exchange of its own. */
type Flight = (connection: PgConnection) => Exchange

function plainFlight(steps: readonly Step[]): Flight {
  return () => new Exchange({ protocol: "extended", steps })
}

/** In a transaction whose number is not known yet: the question rides along. */
function ridingFlight(steps: readonly Step[], forced: boolean): Flight {
  return ({ facts }) => new Exchange({ protocol: "extended", steps: [...steps, xidRider(facts, forced)] })
}

/** Only the simple protocol takes several statements in one text, and it takes no parameters. */
function simpleFlight(sql: string): Flight {
  return () => new Exchange({ protocol: "simple", sql })
}

/** The server enforces what nobody has proved: BEGIN READ ONLY, the statements and COMMIT in one Sync group. */
function readOnlyFlight(steps: readonly Step[]): Flight {
  return plainFlight([{ do: "command", sql: "begin read only" }, ...steps, { do: "command", sql: "commit" }])
}

const BEGIN: Step = { do: "command", sql: "begin" }

/** What policy allows these statements here, or why they are not sent at all. Several are one Sync group: all or nothing. */
export function planStatements(
  machine: Machine,
  queries: readonly CompiledQuery[],
  shapes: readonly StatementShape[],
  place: Place,
  options: DoorOptions,
): Outcome<Plan> {
  const prepared = stepsOf(queries, options.statementName)
  if (!prepared.ok) return prepared
  const steps = prepared.value
  const [only] = queries.length === 1 ? queries : []
  const sql = only === undefined ? queries.map((query) => query.sql).join(";\n") : only.sql
  const [first] = shapes
  const single = shapes.every(isSingle)
  const simple = !single && only?.parameters.length === 0
  const proved = shapes.every(isProved)
  const vouched = options.readOnly === true
  const suspected = options.readOnly !== false && shapes.every(maybeRead) && !machine.knownWrites.has(sql)
  // On a connection that is held already nobody knows better than its holder: there only what he vouches for is held to it.
  const apart = place.fresh || (vouched && !place.inTransaction)
  const enclosed = apart && single && !proved && (vouched || suspected)
  const read = proved || vouched || enclosed || place.readOnly
  const selfCommitting = commitsByItself(shapes)
  const leaves = leavesOf(shapes)
  const takesData = shapes.some(takesDataIn)
  const riding = place.wantsXid && !simple && !takesData && shapes.some(takesXid)
  const flight = simple ? simpleFlight(sql) : riding ? ridingFlight(steps, mayNotify(shapes)) : plainFlight(steps)
  const limits = callLimits(machine, options)
  const comment = machine.comments === undefined ? undefined : commentOf(machine.comments, place, options)
  const idempotent = options.idempotent === true
  const plan = (as: "write" | "read", within: "nothing" | "read-only", ifWrite: Plan | undefined): Plan => ({
    queryId: queries[0]?.queryId.queryId ?? "",
    sql,
    label: options.label,
    comment,
    exchangeOn: within === "read-only" ? readOnlyFlight(steps) : flight,
    access: as,
    phase: phaseOf(first, place, as === "read"),
    selfCommitting,
    enclosed: within === "read-only",
    repeatable: within === "read-only" || (selfCommitting === false && (as === "read" || idempotent)),
    ifWrite,
    leaves,
    counted: options.ours !== true,
    rowsDelivered: false,
    retry: limits.retry,
    attemptsMax: limits.attemptsMax,
    deadline: limits.deadline,
    signal: limits.signal,
    abortInFlight: limits.abortInFlight,
  })
  if (read && !enclosed) return success(plan("read", "nothing", undefined))
  const alone = !place.inTransaction && !selfCommitting && !idempotent && !takesData && single
  const asWrite = (): Plan => {
    const oneFlight = plan("write", "nothing", undefined)
    if (!alone || first?.control !== undefined) return oneFlight
    if (machine.resolution === "off" || !machine.resolveAutocommit) return oneFlight
    const two = inTwoFlights(machine, oneFlight, [BEGIN, ...steps], mayNotify(shapes))
    const write = countedWrite(machine, steps, first)
    return write === undefined ? two : countedInMarker(machine, oneFlight, two, write)
  }
  if (!enclosed) return success(asWrite())
  // Who vouched for it has promised that it is no write.
  return success(plan("read", "read-only", vouched ? undefined : asWrite()))
}

/** Then a number is taken early: what notifies may get its own only at COMMIT. */
function mayNotify(shapes: readonly StatementShape[]): boolean {
  return shapes.some((shape) => shape.notifies)
}

function countedWrite(
  machine: Machine,
  steps: readonly Step[],
  shape: StatementShape | undefined,
): CountedWrite | undefined {
  const [step] = steps
  if (machine.resolution !== "marker" || steps.length !== 1 || step?.do !== "execute") return undefined
  if (shape?.counts === undefined || machine.uncounted.has(step.sql)) return undefined
  return step.parameters.length < PARAMETERS_MAX
    ? { sql: step.sql, parameters: step.parameters, command: shape.counts }
    : undefined
}

/** May it get the transaction a number? Not before its first snapshot is taken: then asking would take it too early. */
export function takesXid({ reads, control, beforeSnapshot }: StatementShape): boolean {
  return reads !== "proved" && control === undefined && !beforeSnapshot
}

/** A question of our own is nobody's. */
export function commentOf(comments: SqlComments, place: Place, options: DoorOptions): string | undefined {
  return options.ours === true ? undefined : comments.of(options.label ?? place.within)
}

/** The limits of one call: how often, how long, and until when its caller cares. */
export function callLimits(
  machine: Machine,
  options: DoorOptions,
): Pick<Plan, "retry" | "attemptsMax" | "deadline" | "signal" | "abortInFlight"> {
  const { limits, clock } = machine
  const timeoutMs = options.timeoutMs ?? limits.queryMs
  const ownMax = typeof options.retry === "object" ? options.retry.attemptsMax : undefined
  return {
    retry: limits.retry && options.retry !== false,
    attemptsMax: ownMax ?? limits.attemptsMax,
    deadline: earlier(timeoutMs === undefined ? undefined : deadlineAfter(clock, timeoutMs), options.deadline),
    signal: options.signal,
    abortInFlight: options.abortInFlight !== false,
  }
}

/** The parameters in the form they travel in; bad input is refused here, before anything is sent. */
export function sendable(query: CompiledQuery): Outcome<Parameters> {
  const badText = refuseText(query.sql)
  if (badText !== undefined) return refuse(badText)
  const prepared = prepareParameters(query.parameters)
  return "refused" in prepared ? refuse(prepared) : success(prepared)
}

function refuse({ refused, cause }: Refusal): Outcome<never> {
  return failed(encodeFailed({ why: refused, ...(cause !== undefined && { cause }) }))
}

function stepsOf(queries: readonly CompiledQuery[], name: string | undefined): Outcome<readonly Step[]> {
  let steps: Step[] | undefined
  for (const query of queries) {
    const parameters = sendable(query)
    if (!parameters.ok) return parameters
    const plain = { do: "execute", sql: query.sql, parameters: parameters.value } as const
    const step = name === undefined ? plain : { ...plain, name }
    // Mostly it is the only one, and an array that is pushed to takes room for more.
    if (steps === undefined) steps = [step]
    else steps.push(step)
  }
  return success(steps ?? [])
}

// Asked of every statement: hence no functions that are made anew each time.
const isSingle = ({ single }: StatementShape): boolean => single
const isProved = ({ reads }: StatementShape): boolean => reads === "proved"
const maybeRead = ({ reads }: StatementShape): boolean => reads !== "no"
const takesDataIn = ({ takesData }: StatementShape): boolean => takesData === true
const commitsItself = ({ selfCommitting }: StatementShape): boolean => selfCommitting

function commitsByItself(shapes: readonly StatementShape[]): Evidence["selfCommitting"] {
  if (!shapes.every(isSingle)) return "anywhere"
  return shapes.some(commitsItself) ? "outside-transaction" : false
}

function leavesOf(shapes: readonly StatementShape[]): Leftovers | undefined {
  let all: Leftovers | undefined
  for (const { leaves } of shapes) if (leaves !== undefined) all = worse(all ?? "nothing", leaves)
  return all
}

export function phaseOf(shape: StatementShape | undefined, place: Place, read: boolean): Phase {
  if (shape?.control?.kind === "commit") return "commit"
  if (shape?.control?.kind === "rollback") return "rollback"
  // Of a BEGIN that is lost nothing can stay either.
  if (place.inTransaction || shape?.control?.kind === "begin") return "transaction"
  return read ? "read" : "write"
}
