import type { ErrorBase } from "./error-base.ts"
import { named, type Words } from "./words.ts"

export type ResultKind = "decode_failed" | "no_row" | "too_many_rows"

/** The statement ran, and its answer is not what was asked for. */
export type ResultError<K extends ResultKind> = ErrorBase<K, "result">

/** A value of the answer could not be read, or a plugin failed on it. */
export interface DecodeFailed extends ResultError<"decode_failed"> {
  /** As the answer calls it; null where it was no single column, as with a plugin. */
  readonly column: string | null
  /** Its type, as in `timestamptz` or `public.mood[]`; without a policy its number. */
  readonly type: string | null
}
/** `one` wants exactly one row, and there was none. */
export type NoRow = ResultError<"no_row">
/** `one` and `maybeOne` want one row at most, and there were more. */
export type TooManyRows = ResultError<"too_many_rows">

export const RESULT_WORDS: Words<ResultKind> = {
  decode_failed: (facts) =>
    `The statement ran, and its answer could not be read${named(" (column", facts.column, ofType(facts.dataType))}${because(facts.reading)}`,
  no_row: () => "The query gave no row where one was asked for; write maybeOne if there may be none",
  too_many_rows: () =>
    "The query gave more than one row where one was asked for; write first or all if there may be more",
}

function ofType(type: string | undefined): string {
  return type === undefined ? ")" : ` of type ${type})`
}

function because(why: string | undefined): string {
  return why === undefined ? "" : `. ${why}`
}
