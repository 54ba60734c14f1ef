/** What can be asked. `server` is what everything else stands on: without it there is no examination. */
export type SectionName =
  | "server"
  | "activity"
  | "storage"
  | "sequences"
  | "replication"
  | "pg_stat_statements"
  | "statements"

/** One question to the server. It answers one value of type text, so that no parser and no policy of the asking program changes it. */
export interface Section<T> {
  readonly name: SectionName
  readonly sql: string
  /** Nothing but what it promises in TypeScript; it keeps the type beside the text that answers with it. */
  readonly answers?: T
}

const MARK = "facts "

/** @param object an SQL expression of type json or jsonb */
export function section<T>(name: SectionName, object: string): Section<T> {
  return { name, sql: `select '${MARK}' || (${object.trim()})::text as facts` }
}

/** The text that it answered, if it is one. */
export function answerOf(value: unknown): unknown {
  return typeof value === "string" && value.startsWith(MARK) ? JSON.parse(value.slice(MARK.length)) : undefined
}

/** Milliseconds of an SQL expression of type interval, rounded; null stays null. */
export function ms(interval: string): string {
  return `round(extract(epoch from (${interval})) * 1000)::bigint`
}
