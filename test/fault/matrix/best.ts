/**
 * The best that can come of each cell: what its caller should be told, and what the database should hold then. It follows from what
 * client and server know at the instant, and from design.md, section 4; nothing here looks at what the driver does.
 */
import type { Effect, GaveUp } from "@kysely-resilient/core"
import type { InstantName } from "@kysely-resilient/testing"

import type { Cell, Kind } from "./cells.ts"

/** All entries once, none of them, or either. */
export type Held = "all" | "none" | "either"

export type Best =
  /** The value, after so many tries of the statement, or runs of the transaction; of a write, all its entries are there once. */
  | { readonly told: "value"; readonly tries: readonly number[] }
  /** The callback's own error, for which it was rolled back: the fault that hit the ROLLBACK is nobody's business. */
  | { readonly told: "own error"; readonly held: "none" }
  | {
      readonly told: "error"
      readonly kinds: readonly string[]
      readonly effect: readonly Effect[]
      readonly held: Held
      readonly because?: readonly GaveUp[]
      /** Rows that a stream had delivered. */
      readonly rows?: readonly number[]
    }

/** How far the server is with the step, and what the client has heard of it, when the fault hits. */
interface Known {
  /** `unfinished`: it may have executed it, and waits for Sync. `working`: it is at it, and held up there by a lock. */
  readonly server: "nothing" | "unfinished" | "working" | "done"
  readonly client: "nothing" | "complete" | "ready"
}

const NOTHING: Known = { server: "nothing", client: "nothing" }
const UNFINISHED: Known = { server: "unfinished", client: "nothing" }
const WORKING: Known = { server: "working", client: "nothing" }
const DONE: Known = { server: "done", client: "nothing" }
const COMPLETE: Known = { server: "done", client: "complete" }
const READY: Known = { server: "done", client: "ready" }

/** A server keeps its answers until it has done all that it was sent, so whatever the client is about to hear is done. */
const KNOWN: Readonly<Record<InstantName, Known>> = {
  connect: NOTHING,
  startup: NOTHING,
  password: NOTHING,
  login: NOTHING,
  "begin before it reaches the server": NOTHING,
  "begin before its answer": DONE,
  "statement before it reaches the server": NOTHING,
  "statement inside its message": NOTHING,
  "statement before execute": NOTHING,
  "statement before sync": UNFINISHED,
  "statement after it is sent": WORKING,
  "statement before its answer": DONE,
  "statement inside its answer": DONE,
  "statement before ready": DONE,
  "statement after ready": READY,
  "rows before the first": DONE,
  "rows inside the second": DONE,
  "rows after the second": DONE,
  "portal before its suspension": DONE,
  "portal after its suspension": DONE,
  "portal before fetch": NOTHING,
  "portal after fetch": DONE,
  "portal before close": NOTHING,
  "savepoint before it reaches the server": NOTHING,
  "savepoint before its answer": DONE,
  "release before it reaches the server": NOTHING,
  "release before its answer": DONE,
  "rollback to before it reaches the server": NOTHING,
  "rollback to before its answer": DONE,
  "commit before it reaches the server": NOTHING,
  "commit inside its message": NOTHING,
  "commit after it is sent": WORKING,
  "commit before its answer": DONE,
  "commit inside its answer": DONE,
  "commit before ready": COMPLETE,
  "commit after ready": READY,
  "rollback before it reaches the server": NOTHING,
  "rollback before its answer": DONE,
  "cancel before it reaches the server": NOTHING,
  "cancel after it is sent": DONE,
}

type Outcomes = readonly Best[]

const value = (...tries: number[]): Outcomes => [{ told: "value", tries }]

/** What a lost connection is called does not matter here; that it is not taken for anything else does. */
export const LOST: readonly string[] = ["connection_failed", "server_shutdown", "server_crashed"]

/** Several where the fault races with what the client or the server does next; then each is the best for one outcome of the race. */
export function best(cell: Cell): Outcomes {
  const { instant, kind } = cell
  switch (instant.during) {
    case "connecting":
      // Nothing of the caller's was sent, and a try is one that had a connection.
      return value(1)
    case "cancel":
      return abandoned(cell)
    case "rollback":
      return [{ told: "own error", held: "none" }]
    default:
      if (kind === "stream") return streamed(cell)
      if (kind === "read" || kind === "read as text") return asked(cell)
      if (isLone(kind)) return written(cell)
      return instant.during === "commit" ? committed(cell) : inTransaction(cell)
  }
}

function isLone(kind: Kind): boolean {
  return kind === "write" || kind === "counted write"
}

/** What was answered whole, before the fault or in spite of it: a server that is terminated has sent its answer before. */
function isAnswered({ fault, instant }: Cell): boolean {
  const { server, client } = KNOWN[instant.name]
  return client === "ready" || (fault === "FATAL" && server === "done")
}

/** A read is read again. */
function asked(cell: Cell): Outcomes {
  if (isAnswered(cell)) return value(1)
  return cell.fault === "blackhole" ? overdue("not_applied", "none") : value(2)
}

/** A write that is its own transaction: what nobody has answered may have been done. */
function written(cell: Cell): Outcomes {
  // With its marker in it, the one flight is its COMMIT.
  if (cell.kind === "counted write" && cell.mode === "marker") return committed(cell)
  // Its COMMIT travels by itself, so what goes before that is as in any transaction; but the driver can do all of it again.
  if (cell.mode !== "off") return cell.instant.during === "commit" ? committed(cell) : beforeItsCommit(cell)
  const { server } = KNOWN[cell.instant.name]
  const undone = server === "nothing" || server === "unfinished"
  if (isAnswered(cell)) return value(1)
  if (cell.fault === "FATAL") {
    // Having committed, a backend must not say FATAL before CommandComplete. Behind it nobody can tell: Sync may have been heard.
    return server === "unfinished" ? [...value(2), ...unknown("none")] : value(2)
  }
  if (cell.fault === "blackhole") return overdue("unknown", undone ? "either" : "all")
  return unknown(lostAt(cell))
}

/** A session that is lost is ended on the server. What is still at work there, or comes out of the network late, is done before that or not. */
function lostAt({ fault, instant }: Cell): Held {
  const { server } = KNOWN[instant.name]
  if (server === "done") return "all"
  return server === "working" || fault === "silence" ? "either" : "none"
}

function beforeItsCommit(cell: Cell): Outcomes {
  if (isAnswered(cell)) return commitAfter(cell)
  return cell.fault === "blackhole" ? overdue("not_applied", "none") : value(2)
}

/** Before COMMIT nothing of a transaction stays. Core runs it again; Kysely cannot, and its caller is told that he may. */
function inTransaction(cell: Cell): Outcomes {
  if (cell.kind === "commit" && cell.instant.name === "statement after ready") return commitAfter(cell)
  if (cell.fault === "blackhole") return overdue("not_applied", "none")
  // BEGIN alone may be repeated by anybody.
  if (cell.instant.during === "begin" && !isAnswered(cell)) return value(1)
  return rerun(cell)
}

/** It was not applied, and is done again: by the driver, by core, or (of a transaction of Kysely's) by nobody but the caller. */
function rerun(cell: Cell): Outcomes {
  if (cell.door === "core" || isLone(cell.kind)) return value(2)
  return [{ told: "error", kinds: LOST, effect: ["not_applied"], held: "none" }]
}

/** What comes next is COMMIT, and it may be sent, and even done, before the fault is felt. */
function commitAfter(cell: Cell): Outcomes {
  if (cell.fault === "blackhole")
    return cell.mode === "off" ? overdue("unknown", "either") : overdue("not_applied", "none")
  // What was swallowed may come out before the session is ended.
  const late = cell.fault === "silence" ? "either" : "none"
  const undone = cell.mode === "off" ? [...rerun(cell), ...unknown(late)] : rerun(cell)
  return cell.fault === "FATAL" ? [...value(1), ...undone] : undone
}

function committed(cell: Cell): Outcomes {
  const { server, client } = KNOWN[cell.instant.name]
  const undone = server === "nothing" || server === "unfinished"
  if (isAnswered(cell) || client === "complete") return value(1)
  if (cell.fault === "FATAL") return rerun(cell)
  if (cell.fault === "blackhole") {
    if (cell.mode === "off") return overdue("unknown", undone ? "either" : "all")
    // Found out after the deadline, in the time that a statement may take to be abandoned; too late to do it again.
    return undone ? overdue("not_applied", "none") : value(1)
  }
  if (cell.mode === "off") return unknown(lostAt(cell))
  // Found out. One that is still at it when that begins is given a moment, and then ended.
  if (server === "working") return [...value(1), ...rerun(cell)]
  return undone ? rerun(cell) : value(1)
}

/** Five rows in chunks of two; who has some of them cannot be served from elsewhere, for the rest might not fit to them. */
const ROWS_BEFORE: Partial<Record<InstantName, number>> = {
  "statement before its answer": 4,
  "statement inside its answer": 4,
  "statement after ready": 2,
  "portal before fetch": 2,
  "portal after fetch": 2,
}

function streamed({ instant, fault }: Cell): Outcomes {
  // Every row is out: what becomes of the COMMIT of something that only reads is nobody's business.
  if (instant.during === "commit" || instant.name === "portal before close") return value(1)
  const had = ROWS_BEFORE[instant.name]
  if (fault === "FATAL" && KNOWN[instant.name].server === "done") {
    // The answer is out, and with the last of the rows everything is.
    if (had === 4) return value(1)
    // The next chunk may be on its way when the session ends; the one after it never comes.
    return had === undefined ? delivered(2) : delivered(2, 4)
  }
  if (fault === "blackhole") return overdue("not_applied", "none", had ?? 0)
  return had === undefined ? value(2) : delivered(had)
}

function delivered(...rows: readonly number[]): Outcomes {
  return [{ told: "error", kinds: LOST, effect: ["not_applied"], held: "none", because: ["rows-delivered"], rows }]
}

/** Its statement waits for a lock, its deadline has passed, and the request to cancel it is hit. */
function abandoned({ kind, fault, instant, mode }: Cell): Outcomes {
  // Without COMMIT nothing stays, and of a marker it is found out.
  if (!isLone(kind) || mode !== "off" || fault === "FATAL") return overdue("not_applied", "none")
  // One that ended in order and brought nothing about is said again.
  if (fault === "FIN") return overdue("not_applied", "none")
  if (fault !== "RST" && instant.name === "cancel after it is sent") return overdue("not_applied", "none")
  // Nobody has told the server to stop, or nobody knows: it may get the lock before its lost session is ended there.
  return [...overdue("unknown", "either"), ...overdue("not_applied", "none")]
}

function unknown(held: Held): Outcomes {
  return [{ told: "error", kinds: LOST, effect: ["unknown"], held, because: ["effect-unknown"] }]
}

/** Everything is swallowed, and nobody notices before the deadline: the statement's, or its transaction's. */
function overdue(effect: Effect, held: Held, rows = 0): Outcomes {
  return [{ told: "error", kinds: ["deadline_exceeded", "transaction_timeout"], effect: [effect], held, rows: [rows] }]
}
