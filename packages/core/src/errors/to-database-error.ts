import type { GaveUp } from "@kysely-resilient/driver"

import { promised } from "../foundation/promised.ts"
import { AVAILABILITY_WORDS } from "./availability.ts"
import { BUG_WORDS } from "./bug.ts"
import { firstPlaceOf, framesOf, type CallSite } from "./call-site.ts"
import { CONFLICT_WORDS } from "./conflict.ts"
import { CONSTRAINT_WORDS } from "./constraint.ts"
import type { ErrorOfKind } from "./database-error.ts"
import type { Category, QueryInfo } from "./error-base.ts"
import { errorObject, type ErrorFields } from "./error-object.ts"
import { LIMIT_WORDS } from "./limit.ts"
import { factsOf, type CoreFailure, type ErrorKind } from "./redaction.ts"
import { REQUEST_WORDS } from "./request.ts"
import { RESULT_WORDS } from "./result.ts"
import type { Words } from "./words.ts"

/** What the operation knows of its failure beyond the failure itself. */
export interface ErrorContext {
  /** `include`: the server's own words in the message, and what was received as `cause`. Both may quote row data. */
  readonly detail: "redact" | "include"
  readonly attempts: number
  readonly because?: GaveUp | undefined
  readonly query?: QueryInfo | undefined
  readonly site?: CallSite | undefined
  /** The name of the transaction whose own error this is. */
  readonly transaction?: string | undefined
  /** With effect `applied_locally`: what would have been answered. */
  readonly value?: unknown
  /** Of `transaction_aborted`: the error of the statement that aborted it. */
  readonly first?: unknown
}

const WORDS: Words<ErrorKind> = {
  ...CONSTRAINT_WORDS,
  ...CONFLICT_WORDS,
  ...LIMIT_WORDS,
  ...AVAILABILITY_WORDS,
  ...REQUEST_WORDS,
  ...RESULT_WORDS,
  ...BUG_WORDS,
}

const TABLES: readonly (readonly [Category, object])[] = [
  ["constraint", CONSTRAINT_WORDS],
  ["conflict", CONFLICT_WORDS],
  ["limit", LIMIT_WORDS],
  ["availability", AVAILABILITY_WORDS],
  ["request", REQUEST_WORDS],
  ["result", RESULT_WORDS],
  ["bug", BUG_WORDS],
]

const CATEGORY_OF: ReadonlyMap<string, Category> = new Map(
  TABLES.flatMap(([category, words]) => Object.keys(words).map((kind) => [kind, category] as const)),
)

/** The only way from a failure to an error: what is safe to show goes in, the rest stays behind `unsafeDriverError`. */
export function toDatabaseError<K extends ErrorKind>(failure: CoreFailure<K>, context: ErrorContext): ErrorOfKind<K> {
  const frames = framesOf(context.site)
  const fields: ErrorFields = {
    kind: failure.kind,
    category: CATEGORY_OF.get(failure.kind) ?? "bug",
    retry: failure.retry,
    effect: failure.effect,
    attempts: context.attempts,
    because: context.because,
    token: failure.token,
    sqlState: failure.sqlState,
    retryAfterMs: failure.retryAfterMs,
    ...constraintFields(failure),
    ...columnFields(failure),
    ...(context.first !== undefined && { first: context.first }),
    query: context.query,
    callSite: firstPlaceOf(frames),
  }
  const error = errorObject(messageOf(failure, context), fields, {
    frames,
    original: failure.cause,
    showOriginal: context.detail === "include" && failure.cause !== undefined,
    value: context.value,
  })
  // The union's members differ in what `fields` holds for their kind, which the tables above decide.
  return promised<ErrorOfKind<K>>(error)
}

function constraintFields(failure: CoreFailure): Pick<ErrorFields, "constraint" | "table" | "columns"> {
  if (CATEGORY_OF.get(failure.kind) !== "constraint") return {}
  const { constraint, table, column } = factsOf(failure)
  return { constraint: constraint ?? null, table: table ?? null, columns: column === undefined ? [] : [column] }
}

function columnFields(failure: CoreFailure): Pick<ErrorFields, "column" | "type"> {
  if (failure.kind !== "decode_failed") return {}
  const { column, dataType } = factsOf(failure)
  return { column: column ?? null, type: dataType ?? null }
}

/** What happened, in which query, and what is not known: `unique_violation: The row … (SQLSTATE 23505, query "users.add")`. */
function messageOf(failure: CoreFailure, context: ErrorContext): string {
  const facts = factsOf(failure)
  const words = WORDS[failure.kind](facts)
  const told = context.detail === "include" && facts.said === undefined ? `${words}: ${failure.message}` : words
  const code = failure.sqlState === undefined ? failure.errno : `SQLSTATE ${failure.sqlState}`
  const notes = [code, note("query", context.query?.name), note("transaction", context.transaction)].filter(
    (text) => text !== undefined,
  )
  return `${failure.kind}: ${told.replace(/\.$/, "")}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}${doubtOf(failure)}`
}

function note(what: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${what} "${name}"`
}

function doubtOf({ effect }: CoreFailure): string {
  if (effect === "unknown") return ". It is not known whether the database has applied it"
  if (effect === "applied_locally") return ". The server has committed it, but its standby has not confirmed that"
  return ""
}
