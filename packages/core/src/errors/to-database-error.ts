import { withoutLiterals, type FailedTry, type GaveUp } from "@kysely-resilient/driver"

import { promised } from "../foundation/promised.ts"
import { categoryOf, WORDS } from "./categories.ts"
import { firstPlaceOf, framesOf, type CallSite } from "./call-site.ts"
import { conditionOf } from "./condition.ts"
import type { ErrorOfKind } from "./database-error.ts"
import type { QueryInfo } from "./error-base.ts"
import { errorObject, isErrorObject, type ErrorFields } from "./error-object.ts"
import { asReported, type Naming } from "./named.ts"
import { factsOf, type CoreFailure, type ErrorKind } from "./redaction.ts"
import { slipIn } from "./slips.ts"
import type { Facts } from "./words.ts"

/** What the operation knows of its failure beyond the failure itself. */
export interface ErrorContext {
  /** `include`: the server's own words in the message, and what was received as `cause`. Both may quote row data. */
  readonly detail: "redact" | "include"
  readonly attempts: number
  readonly because?: GaveUp | undefined
  readonly journal?: readonly FailedTry[] | undefined
  /** With its text as it was sent, whole. */
  readonly query?: QueryInfo | undefined
  readonly site?: CallSite | undefined
  /** The name of the transaction whose own error this is. */
  readonly transaction?: string | undefined
  /** With effect `applied_locally`: what would have been answered. */
  readonly value?: unknown
  /** Which constraints may be named; default: any, as the server said it. */
  readonly naming?: Naming | undefined
  /** Of `transaction_aborted`: the error of the statement that aborted it. */
  readonly first?: unknown
  /** Of `schema_drift`: all that differs. */
  readonly drift?: readonly object[]
}

/** An error is logged, often more than once: an INSERT of ten thousand rows must not fill the log. */
const SQL_CHARACTERS_MAX = 10_000

/** The only way from a failure to an error: what is safe to show goes in, the rest stays behind `unsafeDriverError`. */
export function toDatabaseError<K extends ErrorKind>(failure: CoreFailure<K>, context: ErrorContext): ErrorOfKind<K> {
  const frames = framesOf(context.site)
  const fields: ErrorFields = {
    kind: failure.kind,
    category: categoryOf(failure.kind),
    // Whoever looks only at this must not do it twice.
    retry: failure.effect === "unknown" ? "never" : failure.retry,
    effect: failure.effect,
    attempts: context.attempts,
    because: context.because,
    token: failure.token,
    sqlState: failure.sqlState,
    retryAfterMs: failure.retryAfterMs,
    ...constraintFields(failure, context.naming),
    ...columnFields(failure),
    ...(context.first !== undefined && { first: context.first }),
    ...(context.drift !== undefined && { drift: context.drift }),
    query: context.query && shownOf(context.query, context.detail),
    callSite: firstPlaceOf(frames),
  }
  const error = errorObject(messageOf(failure, context), fields, {
    frames,
    original: failure.cause,
    showOriginal: context.detail === "include" && failure.cause !== undefined,
    value: context.value,
    journal: context.journal ?? [],
  })
  // The union's members differ in what `fields` holds for their kind, which the tables above decide.
  return promised<ErrorOfKind<K>>(error)
}

/** What somebody wrote into the text is data as much as a parameter is. */
function shownOf(query: QueryInfo, detail: ErrorContext["detail"]): QueryInfo {
  const { sql } = query
  const start = sql.slice(0, SQL_CHARACTERS_MAX)
  const shown = detail === "include" ? start : withoutLiterals(start)
  return { ...query, sql: sql.length <= SQL_CHARACTERS_MAX ? shown : `${shown}…` }
}

function constraintFields(failure: CoreFailure, naming: Naming = asReported): Partial<ErrorFields> {
  const { kind } = failure
  if (categoryOf(kind) !== "constraint") return {}
  const facts = factsOf(failure)
  const { constraint, table, columns, column } = naming({ ...facts, kind })
  const constraintName = facts.constraint ?? null
  const fields = { constraint, constraintName, table, columns }
  return kind === "not_null_violation" ? { ...fields, column, columnName: facts.column ?? null } : fields
}

function columnFields(failure: CoreFailure): Pick<ErrorFields, "column" | "type"> {
  if (failure.kind !== "decode_failed") return {}
  const { column, dataType } = factsOf(failure)
  return { column: column ?? null, type: dataType ?? null }
}

/** What happened, in which query, and what is not known: `unique_violation: The row … (SQLSTATE 23505, query "users.add")`. */
function messageOf(failure: CoreFailure, context: ErrorContext): string {
  const facts = factsOf(failure, context.query?.sql)
  const words = wordsOf(failure, facts, context)
  const told = context.detail === "include" && facts.said === undefined ? `${words}: ${failure.message}` : words
  const code = failure.sqlState === undefined ? failure.errno : `SQLSTATE ${failure.sqlState}`
  const notes = [code, note("query", context.query?.name), note("transaction", context.transaction)].filter(
    (text) => text !== undefined,
  )
  return `${failure.kind}: ${told.replace(/\.$/, "")}${notes.length === 0 ? "" : ` (${notes.join(", ")})`}${doubtOf(failure)}`
}

function wordsOf(failure: CoreFailure, facts: Facts, context: ErrorContext): string {
  const { first } = context
  const words = WORDS[failure.kind](facts)
  if (failure.kind === "transaction_aborted") return `${words}${isErrorObject(first) ? asCause(first) : ""}`
  const slip = slipOf(failure, context)
  if (slip !== undefined) return `${words.replace(/\.$/, "")}. ${slip}`
  const condition = facts.said === undefined ? conditionOf(failure.sqlState) : undefined
  return condition === undefined ? words : `${words}: ${condition}`
}

function slipOf({ kind, sqlState }: CoreFailure, { query }: ErrorContext): string | undefined {
  if (kind !== "invalid_statement" || query === undefined) return undefined
  const { sql, parameterCount } = query
  if (sqlState === "08P01") return `It was given ${parameterCount}, and its text names another number of parameters`
  return sqlState === "42601" ? slipIn(sql, parameterCount) : undefined
}

/** How much of a statement's text stands in a message. */
const SUMMARY_CHARACTERS_MAX = 80

/** Which statement of a transaction it was, and what was wrong with it: `unique_violation, query "users.add"`. */
function asCause(first: object): string {
  const { kind, query }: { readonly kind?: unknown; readonly query?: unknown } = first
  const { name, sql }: { readonly name?: unknown; readonly sql?: unknown } = Object(query)
  const text = typeof sql === "string" ? sql.replaceAll(/\s+/g, " ").trim() : ""
  const short = text.length <= SUMMARY_CHARACTERS_MAX ? text : `${text.slice(0, SUMMARY_CHARACTERS_MAX)}…`
  const which = typeof name === "string" ? `, query "${name}"` : text === "" ? "" : ` of: ${short}`
  return `: ${String(kind)}${which}`
}

function note(what: string, name: string | undefined): string | undefined {
  return name === undefined ? undefined : `${what} "${name}"`
}

function doubtOf({ effect }: CoreFailure): string {
  if (effect === "unknown") return ". It is not known whether the database has applied it"
  if (effect === "applied_locally") return ". The server has committed it, but its standby has not confirmed that"
  return ""
}
