import type { Clock } from "../foundation/clock.ts"
import type { PgConnection } from "./connection.ts"
import type { ColumnReaders } from "./decoding.ts"
import type { Leftovers } from "./leftovers.ts"
import { prepareParameters } from "./parameters.ts"

/** What `onConnect` is given: enough to set a session up, and nothing that could hold on to it. */
export interface ConnectedSession {
  query(text: string, parameters?: readonly unknown[]): Promise<unknown>
}

/** @param connection whose session it is */
export type OnConnect = (session: ConnectedSession, connection: PgConnection) => Promise<void>

/** The user's own setting up of a session; rejects if it does, or if it leaves something running or open. */
export async function greet(connection: PgConnection, onConnect: OnConnect): Promise<void> {
  let over = false
  const query: ConnectedSession["query"] = (text, parameters) =>
    over
      ? Promise.reject(new Error("onConnect is over: its connection belongs to somebody else now"))
      : runFor(connection, text, parameters)
  try {
    await onConnect({ query }, connection)
  } finally {
    over = true
  }
  if (connection.busy || connection.transactionStatus !== "I") {
    throw new Error("onConnect left a statement running or a transaction open")
  }
}

/** One statement for `onConnect`; rejects with what the server said. */
async function runFor(connection: PgConnection, text: string, parameters: readonly unknown[] = []): Promise<unknown> {
  const values = prepareParameters(parameters)
  if ("refused" in values) throw new TypeError(values.refused)
  const exchange = await connection.perform(
    values.length === 0
      ? { protocol: "simple", sql: text }
      : { protocol: "extended", steps: [{ do: "execute", sql: text, parameters: values }] },
  )
  if (exchange.error !== undefined) throw exchange.error
  if (exchange.unread !== undefined) exchange.readLate(orAsText(exchange.readers))
  return { rows: exchange.replies.at(-1)?.rows ?? [] }
}

/** A session that is still being set up has learnt nothing of its types. */
function orAsText(readers: ColumnReaders): ColumnReaders {
  return {
    readerOf: (field) => readers.readerOf(field) ?? ((text) => text),
    typeOf: (field) => readers.typeOf(field),
  }
}

/**
 * What DISCARD ALL does (PostgreSQL manual, DISCARD), but for prepared statements and plans: those may be ours. As one
 * message it is one transaction and one round trip. RESET ROLE brings back a role that the connection began with.
 */
const RESET =
  "close all; reset session authorization; reset role; reset all; unlisten *; select pg_advisory_unlock_all(); " +
  "discard temp; discard sequences"

/** Whoever keeps statements of its own under names on this connection has to forget them here. */
const DEALLOCATE = "; deallocate all"

/** The text that undoes what was left; undefined if nothing but closing the connection does. */
export function resetSql(left: Leftovers, greeted: boolean): string | undefined {
  if (left === "lasting") return undefined
  // What onConnect prepared it will prepare again.
  return left === "statements" || greeted ? RESET + DEALLOCATE : RESET
}

/**
 * `pg` reads intervals in PostgreSQL's own style only, as it does dates; but as a start-up parameter, which DateStyle is,
 * older poolers refuse this one. Behind a pooler the session belongs to everybody, and stays as it is. Answers what failed.
 */
export async function askForIntervals(connection: PgConnection): Promise<unknown> {
  const style = connection.reports.get("IntervalStyle")
  if (connection.facts.pooled || style === undefined || style === "postgres") return undefined
  return (await connection.perform({ protocol: "simple", sql: "set intervalstyle = postgres" })).error
}

export interface SessionLimits {
  /** For the reset. */
  readonly resetMs: number
  /** For `onConnect` after it. */
  readonly greetMs: number
}

/** Makes the session as new, `onConnect` included. False if that did not work out; then nobody may use it. Never rejects. */
export async function resetSession(
  connection: PgConnection,
  onConnect: OnConnect | undefined,
  clock: Clock,
  { resetMs, greetMs }: SessionLimits,
): Promise<boolean> {
  const sql = resetSql(connection.leftovers, onConnect !== undefined)
  if (sql === undefined) return false
  const resetting = connection.perform({ protocol: "simple", sql })
  const exchange = await within(resetting, connection, clock, resetMs)
  if (exchange?.error !== undefined || exchange === undefined || !connection.reusable) return false
  if ((await within(askForIntervals(connection), connection, clock, resetMs)) !== undefined) return false
  if (onConnect !== undefined) {
    const greeting = greet(connection, onConnect).then(
      () => true,
      () => false,
    )
    if ((await within(greeting, connection, clock, greetMs)) !== true) return false
  }
  if (sql.endsWith(DEALLOCATE)) connection.wire.parsedStatements = {}
  connection.leftovers = "nothing"
  return connection.reusable
}

/** Its outcome, or undefined when its time is up; then the server is told to stop, and the connection must not be used. */
async function within<T>(
  work: Promise<T>,
  connection: PgConnection,
  clock: Clock,
  limitMs: number,
): Promise<T | undefined> {
  const { promise: late, resolve } = Promise.withResolvers<undefined>()
  const timer = clock.after(limitMs, () => {
    connection.abandon("deadline")
    resolve(undefined)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    timer.cancel()
  }
}
