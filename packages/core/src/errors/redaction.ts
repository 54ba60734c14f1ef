import { isA } from "../foundation/is-a.ts"
import { literalsOf, withoutLiterals, type Failure, type FailureKind } from "@kysely-resilient/driver"

import { Undecodable } from "../schema/text/undecodable.ts"
import type { BugKind } from "./bug.ts"
import type { ResultKind } from "./result.ts"
import type { Facts } from "./words.ts"

/** What went wrong, as a program would branch on it: the driver's kinds and those that only exist here. */
export type ErrorKind =
  | FailureKind
  | Extract<BugKind | ResultKind, "callback_threw" | "schema_drift" | "no_row" | "too_many_rows">

/** A failure of the driver's, or one of our own in the same form. */
export type CoreFailure<K extends ErrorKind = ErrorKind> = Omit<Failure, "kind"> & { readonly kind: K }

/** @param sql the whole text that was sent, literals and all, if it is known */
export function factsOf(failure: CoreFailure, sql?: string): Facts {
  const safe = isRaised(failure) ? plainIdentifier : (name: string | undefined): string | undefined => name
  return {
    phase: failure.phase,
    origin: failure.origin,
    code: failure.sqlState ?? failure.errno,
    constraint: safe(failure.constraint),
    schema: safe(failure.schema),
    table: safe(failure.table),
    column: safe(failure.column),
    dataType: safe(failure.dataType),
    reading: isA(failure.cause, Undecodable) ? failure.cause.message : undefined,
    said: quotesNoValue(failure, sql) ? failure.message : undefined,
  }
}

/**
 * The server's primary messages for these conditions name tables, columns, types, roles or numbers; never a value of a
 * row or of a parameter (the manual's Appendix A has the conditions, src/backend the messages).
 */
const VALUE_FREE_STATES: ReadonlySet<string> = new Set([
  "08P01", // bind message supplies 1 parameters, but prepared statement "" requires 2
  "25001", // CREATE DATABASE cannot run inside a transaction block
  "25006", // cannot execute INSERT in a read-only transaction
  "25P01", // SAVEPOINT can only be used in transaction blocks
  "34000", // cursor "c" does not exist
  "3B001", // savepoint "s" does not exist
  "40001", // could not serialize access due to concurrent update
  "42501", // permission denied for table users
  "42701", // column "id" specified more than once
  "42710", // constraint "c" for relation "t" already exists
  "42723", // function "f" already exists with same argument types
  "42809", // "v" is not a table
  "42830", // number of referencing and referenced columns for foreign key disagree
  "428C9", // cannot insert a non-DEFAULT value into column "id"
  "42P06", // schema "s" already exists
  "42P07", // relation "users" already exists
  "42P10", // there is no unique or exclusion constraint matching the ON CONFLICT specification
  "55P03", // could not obtain lock on relation "users"
])

/**
 * And these repeat at most words of the statement's own text, if they point at a place in it. Without a place they may come
 * from a value: `select $1::regclass` answers 42P01 with the parameter in it. A word may be one of a literal, though.
 */
const STATES_OF_THE_TEXT: ReadonlySet<string> = new Set([
  "3F000", // schema "s" does not exist
  "42601", // syntax error at or near "form"
  "42702", // column reference "id" is ambiguous
  "42703", // column "emial" does not exist
  "42704", // type "moood" does not exist
  "42712", // table name "t" specified more than once
  "42725", // function f(unknown) is not unique
  "42803", // column "t.name" must appear in the GROUP BY clause
  "42804", // column "n" is of type integer but expression is of type text
  "42846", // cannot cast type boolean to date
  "42883", // operator does not exist: integer = text
  "42P01", // relation "userz" does not exist
  "42P02", // there is no parameter $2
  "42P08", // inconsistent types deduced for parameter $1
  "42P18", // could not determine data type of parameter $1
])

/** Kinds whose messages are all our own, numbers included, even where a cause is attached. */
const OUR_WORDS: ReadonlySet<ErrorKind> = new Set<ErrorKind>([
  "callback_threw",
  "circuit_open",
  "deadline_exceeded",
  "pool_closed",
  "pool_deadlock",
  "pool_full",
  "pool_timeout",
  "refused",
  "schema_drift",
])

function quotesNoValue(failure: CoreFailure, sql: string | undefined): boolean {
  const { origin, kind, cause, sqlState } = failure
  if (origin === "client" || origin === "driver") return OUR_WORDS.has(kind) || cause === undefined
  if (origin !== "server" || sqlState === undefined) return false
  // From inside a function the "statement" is one that the function made, perhaps of data.
  if (isRaised(failure) || has(cause, "where") || has(cause, "internalQuery")) return false
  if (VALUE_FREE_STATES.has(sqlState)) return true
  if (!STATES_OF_THE_TEXT.has(sqlState) || sql === undefined) return false
  if (!has(cause, "position") && !missesNamesOf(sql, failure.message)) return false
  return !repeatsLiteral(failure.message, sql)
}

/** What a command about tables, and the like, could not find: PostgreSQL gives such a message no place in the text. */
const MISSING = /^[a-z ]+ "(?<name>[^"]+)"(?: of (?:relation|table) "(?<of>[^"]+)")? does not exist\.?$/

const COMMAND = /^\s*(?:alter|analyze|cluster|comment|create|drop|grant|lock|refresh|reindex|revoke|truncate|vacuum)\b/i

/** Does it say no more than that something does not exist which the text calls by its name? That is said by the text itself. */
function missesNamesOf(sql: string, message: string): boolean {
  const missing = MISSING.exec(message)?.groups
  const shown = withoutLiterals(sql)
  if (missing === undefined || !COMMAND.test(shown) || /\$\d/.test(shown)) return false
  const names = new Set(shown.match(/"(?:[^"]|"")+"|[\w$\u0080-\uffff]+/g)?.map(asFolded))
  const said = [missing["name"], missing["of"]].flatMap((name) => name?.split(".") ?? [])
  return said.every((name) => names.has(name))
}

/** As PostgreSQL reads a name. */
function asFolded(name: string): string {
  return name.startsWith('"') ? name.slice(1, -1).replaceAll('""', '"') : name.toLowerCase()
}

/**
 * Is there anything in the message that stands in a literal of the statement? `select 'ann'::regclass` answers with "ann", and
 * a syntax error with what it is near.
 */
function repeatsLiteral(message: string, sql: string): boolean {
  const said = message.toLowerCase()
  const words = new Set(said.match(/\$?[\w\u0080-\uffff]+/g)) // `$1` is a parameter and not a number
  return literalsOf(sql.toLowerCase()).some((literal) => {
    // Whatever PostgreSQL makes of these.
    if (literal.includes("\\") || literal.startsWith("u&")) return true
    const within = literal.match(/[\w\u0080-\uffff]+/g)
    if (within === null) return said.includes(literal) || includesBare(said, literal)
    return within.some((word) => words.has(word) || cutOff(words, word))
  })
}

/** A name longer than 63 bytes is cut off: that is 15 characters at the least. */
function cutOff(words: ReadonlySet<string>, word: string): boolean {
  if (word.length <= 15) return false
  return [...words].some((said) => said.length >= 15 && word.startsWith(said))
}

/** A literal of nothing but signs. */
function includesBare(said: string, literal: string): boolean {
  const bare = literal.replaceAll(/^['$\s]+|['$\s]+$/g, "")
  return bare !== "" && said.includes(bare)
}

/** What raises an error for somebody's own function, which may claim any condition, and any text as a constraint's name. */
const RAISERS: ReadonlySet<string> = new Set(["exec_stmt_raise", "PLy_elog_impl", "throw_tcl_error"])

function isRaised({ routine }: CoreFailure): boolean {
  return routine !== undefined && RAISERS.has(routine)
}

function plainIdentifier(name: string | undefined): string | undefined {
  return name !== undefined && /^[A-Za-z_][\w$]{0,62}$/.test(name) ? name : undefined
}

function has(cause: unknown, field: string): boolean {
  try {
    return typeof cause === "object" && cause !== null && Reflect.get(cause, field) !== undefined
  } catch {
    return true
  }
}
