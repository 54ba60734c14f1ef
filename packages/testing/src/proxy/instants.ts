import type { Matcher } from "./matcher.ts"

/** COMMIT or END, alone or at the end of a text with several statements. */
const COMMITS = /(?:^|;)\s*(?:commit|end)\b(?!\s+prepared)[^;]*;?\s*$/i

/** A client has connected to the proxy, which has not connected to the server yet. */
export const onConnect: Matcher = { on: "connect" }

/** The client says who it is; the server does not know yet. */
export const onStartup: Matcher = { from: "client", message: "StartupMessage" }

/** Somebody asks to cancel a query, over a connection of its own. */
export const onCancelRequest: Matcher = { from: "client", message: "CancelRequest" }

/** The client has sent COMMIT; the server does not have it, so the transaction is not committed. */
export const beforeCommitReachesServer: Matcher = { from: "client", message: ["Query", "Execute"], sql: COMMITS }

/** The server has committed and said so; the client has not heard it, and cannot know. */
export const afterServerHasCommit: Matcher = { from: "server", message: "CommandComplete", tag: /^COMMIT$/ }

/** The client has heard that the COMMIT is complete, but not that the server is ready again. */
export const betweenCommitCompleteAndReady: Matcher = { ...afterServerHasCommit, at: "after" }

/** The client has these many rows of a result, and there are more to come. */
export function afterRows(count: number, sql?: RegExp): Matcher {
  return { from: "server", message: "DataRow", row: count, at: "after", ...(sql === undefined ? {} : { sql }) }
}

/** The statement has left the client and not reached the server. */
export function beforeStatement(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Parse", "Bind", "Execute"], sql }
}

/** The server has the statement and will run it; nothing of its answer has reached the client. */
export function afterStatementIsSent(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Execute"], sql, at: "after" }
}

/** The server has done the statement; the client has not heard it. */
export function beforeAnswer(sql: RegExp): Matcher {
  return { from: "server", message: "CommandComplete", sql }
}
