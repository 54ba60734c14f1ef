import type { Matcher } from "./matcher.ts"

/** COMMIT or END, alone or at the end of a text with several statements. */
const COMMITS = /(?:^|;)\s*(?:commit|end)\b(?!\s+prepared)[^;]*;?\s*$/i
const BEGINS = /^\s*(?:begin|start\s+transaction)\b/i
const ROLLS_BACK = /^\s*(?:rollback|abort)\b(?!\s+(?:work\s+|transaction\s+)?(?:to|prepared)\b)/i
const SAVEPOINT = /^\s*savepoint\b/i
const RELEASES = /^\s*release\b/i
const ROLLS_BACK_TO = /^\s*rollback\s+(?:work\s+|transaction\s+)?to\b/i

// Connecting

/** A client has connected to the proxy, which has not connected to the server yet. */
export const onConnect: Matcher = { on: "connect" }

/** The client says who it is; the server does not know yet. */
export const onStartup: Matcher = { from: "client", message: "StartupMessage" }

/** The client answers the server's question for a password; the server has not heard it. */
export const onPassword: Matcher = { from: "client", message: "Password" }

/** The server has let the client in and has a session for it, and the client does not know. */
export const onLogin: Matcher = { from: "server", message: "BackendKeyData" }

// A statement

/** The statement has left the client and not reached the server. */
export function beforeStatement(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Parse", "Bind", "Execute"], sql }
}

/** Half of the message that carries the statement's text has reached the server. */
export function insideStatement(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Parse"], sql, at: "inside" }
}

/** The server has the statement and its parameters, and has not been told to execute it. Extended protocol only. */
export function beforeExecute(sql: RegExp): Matcher {
  return { from: "client", message: "Execute", sql, fetch: false }
}

/** The server has the statement and will run it; nothing of its answer has reached the client. */
export function afterStatementIsSent(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Execute"], sql, at: "after" }
}

/** The server may execute the statement, and has not been told to finish: outside of a transaction nothing is committed. Extended protocol only. */
export function beforeSync(sql: RegExp): Matcher {
  return { from: "client", message: "Sync", sql }
}

/** The server has everything, the order to finish included; nothing more from the client is needed for it to be done, and committed. */
export function afterAllIsSent(sql: RegExp): Matcher {
  return { from: "client", message: ["Query", "Sync"], sql, at: "after" }
}

/** The server has done the statement; the client has not heard it. */
export function beforeAnswer(sql: RegExp): Matcher {
  return { from: "server", message: "CommandComplete", sql }
}

/** Half of the message that says that it is done has reached the client. */
export function insideAnswer(sql: RegExp): Matcher {
  return { from: "server", message: "CommandComplete", sql, at: "inside" }
}

/** The client has heard that the statement is done, but not that the server is ready again. */
export function beforeReady(sql: RegExp): Matcher {
  return { from: "server", message: "ReadyForQuery", sql }
}

/** All is said; the connection rests, or waits for its transaction's next statement. */
export function afterReady(sql: RegExp): Matcher {
  return { from: "server", message: "ReadyForQuery", sql, at: "after" }
}

// Rows

/** The server has begun to answer; the client has none of the rows. */
export function beforeFirstRow(sql?: RegExp): Matcher {
  return { from: "server", message: "DataRow", row: 1, ...about(sql) }
}

/** The client has half of the nth row. */
export function insideRow(row: number, sql?: RegExp): Matcher {
  return { from: "server", message: "DataRow", row, at: "inside", ...about(sql) }
}

/** The client has these many rows of a result, and there are more to come. */
export function afterRows(count: number, sql?: RegExp): Matcher {
  return { from: "server", message: "DataRow", row: count, at: "after", ...about(sql) }
}

// A portal that is read in chunks

/** A chunk is out, and that there is more has not reached the client. */
export function beforeSuspension(sql?: RegExp): Matcher {
  return { from: "server", message: "PortalSuspended", ...about(sql) }
}

/** The client knows that there is more, and has not asked for it. */
export function afterSuspension(sql?: RegExp): Matcher {
  return { from: "server", message: "PortalSuspended", at: "after", ...about(sql) }
}

/** The client asks for the next chunk; the server does not know. */
export function beforeFetch(sql?: RegExp): Matcher {
  return { from: "client", message: "Execute", fetch: true, ...about(sql) }
}

/** The server will give the next chunk. */
export function afterFetchIsSent(sql?: RegExp): Matcher {
  return { from: "client", message: "Execute", fetch: true, at: "after", ...about(sql) }
}

/** The client needs no more rows; the server does not know. */
export function beforePortalIsClosed(sql?: RegExp): Matcher {
  return { from: "client", message: "Close", ...about(sql) }
}

// BEGIN, savepoints, ROLLBACK

export const beforeBeginReachesServer: Matcher = { from: "client", message: ["Query", "Parse", "Execute"], sql: BEGINS }
/** A transaction is open, and the client does not know. */
export const beforeBeginIsAnswered: Matcher = {
  from: "server",
  message: "CommandComplete",
  tag: /^(?:BEGIN|START TRANSACTION)$/,
}

export const beforeSavepoint: Matcher = beforeStatement(SAVEPOINT)
export const afterServerHasSavepoint: Matcher = { from: "server", message: "CommandComplete", tag: /^SAVEPOINT$/ }
export const beforeRelease: Matcher = beforeStatement(RELEASES)
export const afterServerHasRelease: Matcher = { from: "server", message: "CommandComplete", tag: /^RELEASE$/ }
export const beforeRollbackTo: Matcher = beforeStatement(ROLLS_BACK_TO)
/** What came after the savepoint is undone, and the client does not know. */
export const afterServerHasRollbackTo: Matcher = beforeAnswer(ROLLS_BACK_TO)

export const beforeRollbackReachesServer: Matcher = {
  from: "client",
  message: ["Query", "Parse", "Execute"],
  sql: ROLLS_BACK,
}
export const afterServerHasRollback: Matcher = beforeAnswer(ROLLS_BACK)

// COMMIT

/** The client has sent COMMIT; the server does not have it, so the transaction is not committed. */
export const beforeCommitReachesServer: Matcher = { from: "client", message: ["Query", "Execute"], sql: COMMITS }

/** Half of COMMIT has reached the server, which cannot know what it will be. */
export const insideCommit: Matcher = { from: "client", message: ["Query", "Parse"], sql: COMMITS, at: "inside" }

/** The server has COMMIT and will do it, or is doing it; nobody can tell. */
export const afterCommitIsSent: Matcher = { from: "client", message: ["Query", "Execute"], sql: COMMITS, at: "after" }

/** The server has committed and said so; the client has not heard it, and cannot know. */
export const afterServerHasCommit: Matcher = { from: "server", message: "CommandComplete", tag: /^COMMIT$/ }

/** Half of the word that it is committed has reached the client. */
export const insideCommitAnswer: Matcher = { ...afterServerHasCommit, at: "inside" }

/** The client has heard that the COMMIT is complete, but not that the server is ready again. */
export const betweenCommitCompleteAndReady: Matcher = { ...afterServerHasCommit, at: "after" }

/** All is said of the COMMIT; the connection rests. */
export const afterCommitIsReady: Matcher = afterReady(COMMITS)

// Cancelling

/** Somebody asks to cancel a query, over a connection of its own. */
export const onCancelRequest: Matcher = { from: "client", message: "CancelRequest" }

/** The server has been asked to cancel; the connection that brought it has not been closed. */
export const afterCancelRequest: Matcher = { ...onCancelRequest, at: "after" }

function about(sql: RegExp | undefined): { readonly sql?: RegExp } {
  return sql === undefined ? {} : { sql }
}
