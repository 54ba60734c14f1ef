import type { CompiledQuery } from "kysely"

import type { StatementOptions } from "../engine.ts"

/** What a caller says of one statement, for the paths that have no place for options. */
export type StatementNotes = Pick<StatementOptions, "label" | "timeoutMs" | "readOnly" | "idempotent">

/**
 * By the compiled query itself, not by its `queryId`: Kysely gives that one to a builder and to all that is derived from
 * it, so two INSERTs of one base share it, and a promise made for one of them would count for the other.
 */
const notes = new WeakMap<CompiledQuery, StatementNotes>()

/**
 * The same query with notes, which every execution of what is returned carries through Kysely's own executor. The query
 * that was given stays as it is; notes that it has already are kept where the new ones are silent.
 */
export function annotate<O>(query: CompiledQuery<O>, added: StatementNotes): CompiledQuery<O> {
  // A copy keeps the queryId: plugins know the query by it.
  const annotated = Object.freeze({ ...query })
  notes.set(annotated, Object.freeze({ ...notes.get(query), ...added }))
  return annotated
}

/** What was said of it, if anything was. */
export function notesOf(query: CompiledQuery): StatementNotes | undefined {
  return notes.get(query)
}
