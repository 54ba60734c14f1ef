import type { ClientMessage, ServerMessage } from "./messages.ts"

/** Before a message is passed on, when half of its bytes have passed, or just after it. */
export type At = "before" | "inside" | "after"

/** Names an instant in the life of a connection. Every condition that is given must hold. */
export type Matcher =
  | { readonly on: "connect" }
  | {
      readonly from: "client"
      readonly message: ClientMessage | readonly ClientMessage[]
      /** The statement that the message belongs to: a Query's text, for an Execute the text that was parsed. */
      readonly sql?: RegExp
      /** An Execute that asks for more rows of a portal, or (false) the first of its portal. */
      readonly fetch?: boolean
      /** Default "before". */
      readonly at?: At
    }
  | {
      readonly from: "server"
      readonly message: ServerMessage | readonly ServerMessage[]
      /** The statement that the message answers; for ReadyForQuery, any of those that were sent with the same Sync. */
      readonly sql?: RegExp
      /** CommandComplete's: "INSERT 0 1", "COMMIT". */
      readonly tag?: RegExp
      /** ReadyForQuery's. */
      readonly status?: "I" | "T" | "E"
      /** DataRow's number within its statement's answer, from 1. */
      readonly row?: number
      /** The SQLSTATE of an ErrorResponse or NoticeResponse. */
      readonly code?: string | RegExp
      /** Default "before". */
      readonly at?: At
    }

/** What is happening, as far as a rule can ask. The costly parts are computed only if a rule asks. */
export type Moment =
  | { readonly on: "connect" }
  | {
      readonly from: "client"
      readonly message: ClientMessage
      readonly at: At
      readonly sql: readonly string[]
      readonly fetch: boolean
    }
  | {
      readonly from: "server"
      readonly message: ServerMessage
      readonly at: At
      readonly sql: readonly string[]
      readonly row: number
      readonly tag: string | undefined
      readonly status: string | undefined
      readonly code: string | undefined
    }

export function matches(matcher: Matcher, moment: Moment): boolean {
  if ("on" in matcher || "on" in moment) return "on" in matcher && "on" in moment
  if (matcher.from !== moment.from || (matcher.at ?? "before") !== moment.at) return false
  const wanted: readonly string[] = typeof matcher.message === "string" ? [matcher.message] : matcher.message
  if (!wanted.includes(moment.message)) return false
  if (matcher.sql !== undefined && !moment.sql.some((text) => found(matcher.sql, text))) return false
  if (matcher.from === "client" || moment.from === "client") {
    if (matcher.from !== "client" || moment.from !== "client") return false
    return matcher.fetch === undefined || matcher.fetch === moment.fetch
  }
  return (
    found(matcher.tag, moment.tag) &&
    found(matcher.code, moment.code) &&
    (matcher.status === undefined || matcher.status === moment.status) &&
    (matcher.row === undefined || matcher.row === moment.row)
  )
}

/** A pattern that is not given is always found. A sticky or global one must not remember the last search. */
function found(pattern: RegExp | string | undefined, text: string | undefined): boolean {
  if (pattern === undefined) return true
  if (text === undefined) return false
  return typeof pattern === "string" ? pattern === text : text.search(pattern) !== -1
}
