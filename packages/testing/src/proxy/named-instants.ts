import * as at from "./instants.ts"
import type { Matcher } from "./matcher.ts"

/** What has to be going on for an instant to come at all. */
export type Episode =
  | "connecting"
  | "begin"
  | "statement"
  | "rows"
  | "portal"
  | "savepoint"
  | "commit"
  | "rollback"
  | "cancel"

export type InstantName =
  | "connect"
  | "startup"
  | "password"
  | "login"
  | "begin before it reaches the server"
  | "begin before its answer"
  | "statement before it reaches the server"
  | "statement inside its message"
  | "statement before execute"
  | "statement before sync"
  | "statement after it is sent"
  | "statement before its answer"
  | "statement inside its answer"
  | "statement before ready"
  | "statement after ready"
  | "rows before the first"
  | "rows inside the second"
  | "rows after the second"
  | "portal before its suspension"
  | "portal after its suspension"
  | "portal before fetch"
  | "portal after fetch"
  | "portal before close"
  | "savepoint before it reaches the server"
  | "savepoint before its answer"
  | "release before it reaches the server"
  | "release before its answer"
  | "rollback to before it reaches the server"
  | "rollback to before its answer"
  | "commit before it reaches the server"
  | "commit inside its message"
  | "commit after it is sent"
  | "commit before its answer"
  | "commit inside its answer"
  | "commit before ready"
  | "commit after ready"
  | "rollback before it reaches the server"
  | "rollback before its answer"
  | "cancel before it reaches the server"
  | "cancel after it is sent"

/** A named instant of the protocol: where a rule can fire, as data. */
export interface Instant {
  readonly name: InstantName
  readonly during: Episode
  /** What has happened, in words that stand behind "cut when". */
  readonly when: string
  /** Only the messages of the extended protocol have it; a text sent as a simple Query goes past it. */
  readonly extendedOnly: boolean
  /** @param sql of which statement, instead of any; instants that name theirs themselves (COMMIT, SAVEPOINT) ignore it */
  readonly matcher: (sql?: RegExp) => Matcher
}

/** "Any statement" is one of the application's, and not BEGIN, COMMIT and the like. */
const ANY_STATEMENT = /^(?!\s*(?:begin|start|commit|end|rollback|abort|savepoint|release|set)\b)/i
const ANYTHING = /(?:)/

type Row = readonly [name: InstantName, when: string, matcher: Matcher | ((sql: RegExp) => Matcher), only?: "extended"]

const CONNECTING: readonly Row[] = [
  ["connect", "the connection is accepted, before the server knows of it", at.onConnect],
  ["startup", "the client has said who it is, before the server hears it", at.onStartup],
  ["password", "the client has sent its password, before the server has it", at.onPassword],
  ["login", "the server has let the client in, before the client knows", at.onLogin],
]

const BEGIN: readonly Row[] = [
  ["begin before it reaches the server", "BEGIN is sent, before the server has it", at.beforeBeginReachesServer],
  ["begin before its answer", "the server has begun, before the client hears it", at.beforeBeginIsAnswered],
]

const STATEMENT: readonly Row[] = [
  [
    "statement before it reaches the server",
    "a statement is sent, before the server has any of it",
    at.beforeStatement,
  ],
  ["statement inside its message", "the server has half of the statement's message", at.insideStatement],
  [
    "statement before execute",
    "the server has parsed and bound it, before it may execute it",
    at.beforeExecute,
    "extended",
  ],
  ["statement before sync", "the server may execute it, before it is told to finish", at.beforeSync, "extended"],
  ["statement after it is sent", "the server has all that it needs, before it answers", at.afterAllIsSent],
  ["statement before its answer", "the server has done it, before the client hears it", at.beforeAnswer],
  ["statement inside its answer", "the client has half of the message that says that it is done", at.insideAnswer],
  ["statement before ready", "the client has heard that it is done, before the server is ready again", at.beforeReady],
  ["statement after ready", "all is said and the connection is at rest", at.afterReady],
]

const ROWS: readonly Row[] = [
  ["rows before the first", "the server sends rows, before the client has one", at.beforeFirstRow],
  ["rows inside the second", "the client has a row and half of the next", (sql) => at.insideRow(2, sql)],
  ["rows after the second", "the client has two rows, before the next", (sql) => at.afterRows(2, sql)],
]

const PORTAL: readonly Row[] = [
  ["portal before its suspension", "a chunk is out, before the client knows that there is more", at.beforeSuspension],
  [
    "portal after its suspension",
    "the client knows that there is more, before the server is ready",
    at.afterSuspension,
  ],
  ["portal before fetch", "the next chunk is asked for, before the server knows", at.beforeFetch],
  ["portal after fetch", "the server is asked for the next chunk, before it answers", at.afterFetchIsSent],
  ["portal before close", "the portal is to be closed, before the server knows", at.beforePortalIsClosed],
]

const SAVEPOINT: readonly Row[] = [
  ["savepoint before it reaches the server", "SAVEPOINT is sent, before the server has it", at.beforeSavepoint],
  ["savepoint before its answer", "the savepoint is made, before the client hears it", at.afterServerHasSavepoint],
  ["release before it reaches the server", "RELEASE is sent, before the server has it", at.beforeRelease],
  ["release before its answer", "the savepoint is released, before the client hears it", at.afterServerHasRelease],
  ["rollback to before it reaches the server", "ROLLBACK TO is sent, before the server has it", at.beforeRollbackTo],
  [
    "rollback to before its answer",
    "the server has rolled back to the savepoint, before the client hears it",
    at.afterServerHasRollbackTo,
  ],
]

const COMMIT: readonly Row[] = [
  ["commit before it reaches the server", "COMMIT is sent, before the server has it", at.beforeCommitReachesServer],
  ["commit inside its message", "the server has half of COMMIT", at.insideCommit],
  ["commit after it is sent", "the server has COMMIT, before it answers", at.afterCommitIsSent],
  ["commit before its answer", "the server has committed, before the client hears it", at.afterServerHasCommit],
  ["commit inside its answer", "the client has half of COMMIT's answer", at.insideCommitAnswer],
  [
    "commit before ready",
    "the client has heard that it is committed, before the server is ready",
    at.betweenCommitCompleteAndReady,
  ],
  ["commit after ready", "all is said of the COMMIT", at.afterCommitIsReady],
]

const ROLLBACK: readonly Row[] = [
  [
    "rollback before it reaches the server",
    "ROLLBACK is sent, before the server has it",
    at.beforeRollbackReachesServer,
  ],
  ["rollback before its answer", "the server has rolled back, before the client hears it", at.afterServerHasRollback],
]

const CANCEL: readonly Row[] = [
  ["cancel before it reaches the server", "a CancelRequest is sent, before the server has it", at.onCancelRequest],
  [
    "cancel after it is sent",
    "the server has the CancelRequest, before its connection is closed",
    at.afterCancelRequest,
  ],
]

/** Every named instant, in the order of a connection's life: what a fault matrix goes through. */
export const INSTANTS: readonly Instant[] = [
  ...CONNECTING.map((row) => named("connecting", row)),
  ...BEGIN.map((row) => named("begin", row)),
  ...STATEMENT.map((row) => named("statement", row)),
  ...ROWS.map((row) => named("rows", row)),
  ...PORTAL.map((row) => named("portal", row)),
  ...SAVEPOINT.map((row) => named("savepoint", row)),
  ...COMMIT.map((row) => named("commit", row)),
  ...ROLLBACK.map((row) => named("rollback", row)),
  ...CANCEL.map((row) => named("cancel", row)),
]

/** The matcher of a named instant; `sql` says of which statement. */
export function instant(name: InstantName, sql?: RegExp): Matcher {
  const found = INSTANTS.find((one) => one.name === name)
  if (found === undefined) throw new Error(`there is no instant "${name}": see INSTANTS`)
  return found.matcher(sql)
}

function named(during: Episode, [name, when, matcher, only]: Row): Instant {
  const any = during === "statement" ? ANY_STATEMENT : ANYTHING
  return {
    name,
    during,
    when,
    extendedOnly: only === "extended",
    matcher: (sql = any) => (typeof matcher === "function" ? matcher(sql) : matcher),
  }
}
