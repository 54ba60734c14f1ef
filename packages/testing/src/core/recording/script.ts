import { inspect } from "node:util"

import { isDatabaseError, type DatabaseError } from "@kysely-resilient/core"
import type { Failure, StatementResult } from "@kysely-resilient/core/testing"

import { failureOf, isKind } from "../failures.ts"

/** A statement that a recording database was given. */
export interface RecordedStatement {
  readonly sql: string
  readonly parameters: readonly unknown[]
  /** The name that its caller gave it. */
  readonly name: string | undefined
  /** In which transaction it ran (1, 2, … as they began); undefined outside of one. */
  readonly transaction: number | undefined
}

/** What is said to a statement: rows, a number of changed rows, or an error (see `fakeErrors`). */
export type Reply =
  | readonly object[]
  | { readonly affected: number | bigint; readonly rows?: readonly object[] }
  | DatabaseError

export type StatementMatcher = string | RegExp | ((statement: RecordedStatement) => boolean)

export interface WhenOptions {
  /** For how many statements it is good. Default: for all. */
  readonly times?: number
}

interface Rule {
  readonly matches: (statement: RecordedStatement) => boolean
  readonly reply: Reply | ((statement: RecordedStatement) => Reply)
  left: number
}

/** What is said to which statement. The last rule that fits is asked first, so that a test can differ from what holds for all. */
export class Script {
  readonly #rules: Rule[] = []

  add(when: StatementMatcher, reply: Rule["reply"], { times = Number.POSITIVE_INFINITY }: WhenOptions = {}): void {
    this.#rules.unshift({ matches: matcherOf(when), reply, left: times })
  }

  /** Nothing is known of what is not scripted: no rows, and none changed. */
  answer(statement: RecordedStatement): Outcome {
    const rule = this.#rules.find(({ left, matches }) => left > 0 && matches(statement))
    if (rule === undefined) return resultOf(statement, [])
    rule.left -= 1
    return outcomeOf(statement, typeof rule.reply === "function" ? rule.reply(statement) : rule.reply)
  }

  clear(): void {
    this.#rules.length = 0
  }
}

export type Outcome =
  | { readonly ok: true; readonly result: StatementResult }
  | { readonly ok: false; readonly failure: Failure; readonly error: DatabaseError }

function matcherOf(when: StatementMatcher): Rule["matches"] {
  if (typeof when === "function") return when
  if (typeof when === "string") return ({ sql, name }) => name === when || sql.includes(when)
  return ({ sql }) => new RegExp(when.source, when.flags.replace(/[gy]/g, "")).test(sql)
}

function outcomeOf(statement: RecordedStatement, reply: Reply): Outcome {
  if (isDatabaseError(reply)) return { ok: false, failure: failureIn(reply), error: reply }
  if ("affected" in reply) return resultOf(statement, reply.rows ?? [], BigInt(reply.affected))
  return resultOf(statement, reply)
}

function resultOf({ sql }: RecordedStatement, rows: readonly object[], affected = BigInt(rows.length)): Outcome {
  const command = /\b(select|insert|update|delete|merge)\b/i.exec(sql)?.[1]?.toUpperCase() ?? "SELECT"
  return { ok: true, result: { rows, command, affected } }
}

/** Found on this side, from what the database answered or a callback did. */
const ourOwn = ["no_row", "too_many_rows", "callback_threw", "schema_drift"] as const

function isOurOwn(kind: DatabaseError["kind"]): kind is (typeof ourOwn)[number] {
  return ourOwn.some((one) => one === kind)
}

/** What the driver would have found to make this error. */
export function failureIn(error: DatabaseError): Failure {
  const { kind, effect, retry, sqlState, retryAfterMs, token } = error
  if (isOurOwn(kind) || !isKind(kind)) {
    throw new Error(
      `${kind} is no answer of a database: script the rows (or the callback) that it comes from, not ${inspect(kind)}`,
    )
  }
  const place = "constraint" in error ? placeOf(error) : {}
  return failureOf(kind, {
    effect,
    retry,
    ...(sqlState !== undefined && { sqlState }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
    ...(token !== undefined && { token }),
    ...place,
  })
}

function placeOf(error: {
  readonly constraint: string | null
  readonly table: string | null
  readonly columns: readonly string[]
}): { readonly constraint?: string; readonly table?: string; readonly column?: string } {
  const { constraint, table, columns } = error
  const [column] = columns
  return {
    ...(constraint !== null && { constraint }),
    ...(table !== null && { table }),
    ...(column !== undefined && { column }),
  }
}
