import type { CompiledQuery, OperationNode } from "kysely"

import { worse, type Leftovers } from "./leftovers.ts"
import { OPAQUE, traitsOf, WRITING } from "./operation-tree.ts"
import { rememberSummary } from "./query-summary.ts"
import { RecentTexts, TEXTS_KEPT } from "./recent-texts.ts"
import { sqlText } from "./sql-text.ts"
import type { TransactionControl } from "./transaction-control.ts"

/** What can be known of a statement before it is sent. */
export interface StatementShape {
  /**
   * - `proved`: its operation tree proves that it only reads
   * - `ask`: it begins with SELECT, SHOW, VALUES, TABLE or WITH and may be a read; only the server can tell, by running it
   *   in a read-only transaction
   * - `no`: it writes, or locks, or nothing is known
   */
  readonly reads: "proved" | "ask" | "no"
  /** There is one statement in the text. */
  readonly single: boolean
  /** What it does to the transaction, if that is all it does. */
  readonly control?: TransactionControl
  /** Of several statements in one text: what those of them do to the transaction that do something to it, in order. */
  readonly controls?: readonly TransactionControl[]
  /** SET, LOCK and the like: may stand before a transaction's first snapshot, which they do not take. */
  readonly beforeSnapshot: boolean
  /** It takes data from its client, which nothing can be sent behind in the same flight. */
  readonly takesData?: true
  /** It may notify, which is done, and may be all that is done, at COMMIT. */
  readonly notifies: boolean
  /** It may commit by itself (L11), so that an error does not tell what was done: CALL, DO, several statements, VACUUM, … */
  readonly selfCommitting: boolean
  /** Its tree says that all it answers is how many rows it has written, and that its text may stand inside of another. */
  readonly counts?: "INSERT" | "UPDATE" | "DELETE"
  /** What whoever uses the session next may find of it; absent for nothing. */
  readonly leaves?: Leftovers
}

/** By text: a query that is built anew every time has a new tree but the old text, and the text is all the server sees. */
const built = new RecentTexts<StatementShape>(TEXTS_KEPT)
const raw = new RecentTexts<StatementShape>(TEXTS_KEPT)

/**
 * Reads, writes, or who knows? Never throws.
 *
 * The proof takes for granted what a query cannot show: that views, row-level-security policies, casts and operators of
 * the user's own types call nothing with side effects, and that nobody has put a function of a built-in one's name in
 * front of it. Where that does not hold, a read may do its side effects twice after a lost connection.
 */
export function describeStatement(query: Pick<CompiledQuery, "query" | "sql" | "parameters">): StatementShape {
  const shapes = query.query.kind === "RawNode" ? raw : built
  const known = shapes.get(query.sql)
  if (known !== undefined) return known
  const shape = query.query.kind === "RawNode" ? shapeOfText(query.sql) : shapeOfTree(query.query, query.sql)
  shapes.set(query.sql, shape)
  return shape
}

const PLAIN = { single: true, beforeSnapshot: false, notifies: false, selfCommitting: false } as const
const PROVED: StatementShape = Object.freeze({ ...PLAIN, reads: "proved" })
const WRITES: StatementShape = Object.freeze({ ...PLAIN, reads: "no" })

function shapeOfTree(root: OperationNode, sql: string): StatementShape {
  rememberSummary(root, sql)
  const traits = traitsOf(root)
  if ((traits & OPAQUE) !== 0) {
    const shape = shapeOfText(sql)
    return (traits & WRITING) !== 0 && shape.reads === "ask" ? { ...shape, reads: "no" } : shape
  }
  if ((traits & WRITING) === 0) return PROVED
  const counts = countsOf(root)
  const notifies = NOTIFY.test(sql)
  return counts === undefined && !notifies ? WRITES : { ...WRITES, notifies, ...(counts !== undefined && { counts }) }
}

const COUNTING: ReadonlyMap<string, NonNullable<StatementShape["counts"]>> = new Map([
  ["InsertQueryNode", "INSERT"],
  ["UpdateQueryNode", "UPDATE"],
  ["DeleteQueryNode", "DELETE"],
])

/** Where it answers with rows, plans, or brings a WITH of its own, it cannot be nested so simply. */
const NOT_NESTED = [
  "returning",
  "with",
  "explain",
  "endModifiers",
  "modifiers",
  "limit",
  "orderBy",
  "output",
  "top",
] as const

function countsOf(root: OperationNode): StatementShape["counts"] {
  return NOT_NESTED.every((part) => Reflect.get(root, part) === undefined) ? COUNTING.get(root.kind) : undefined
}

const MAY_READ: ReadonlySet<string> = new Set(["SELECT", "SHOW", "VALUES", "TABLE", "WITH"])

/** Who begins with one of them may want to choose the moment of the snapshot by what comes next. */
const BEFORE_SNAPSHOT: ReadonlySet<string> = new Set([
  "SET",
  "RESET",
  "LOCK",
  "LISTEN",
  "UNLISTEN",
  "DISCARD",
  "PREPARE",
  "DEALLOCATE",
])

const NOTIFY = /notify/i
const FROM_CLIENT = /\bfrom\s+stdin\b/i

function shapeOfText(sql: string): StatementShape {
  const { statements } = sqlText(sql)
  const only = statements.length === 1 ? statements[0] : undefined
  const notifies = NOTIFY.test(sql)
  const leaves = leavesOf(statements.map((statement) => statement.leaves))
  // Nothing at all is one statement too, an empty one; several may hold a COMMIT each.
  if (only === undefined) {
    const several = statements.length > 1
    const controls = statements.flatMap(({ control }) => control ?? [])
    const shape = { ...PLAIN, reads: "no", single: !several, notifies, selfCommitting: several, ...leaves } as const
    return controls.length === 0 ? shape : { ...shape, controls }
  }
  const { control, selfCommitting } = only
  if (control !== undefined) return { ...PLAIN, reads: "no", control, selfCommitting, ...leaves }
  const reads = MAY_READ.has(only.first) && !only.beyondReadOnly && only.leaves === "nothing" ? "ask" : "no"
  const beforeSnapshot = BEFORE_SNAPSHOT.has(only.first)
  const takesData = only.first === "COPY" && FROM_CLIENT.test(sql)
  return { ...PLAIN, reads, beforeSnapshot, notifies, selfCommitting, ...leaves, ...(takesData && { takesData }) }
}

function leavesOf(each: readonly Leftovers[]): { readonly leaves?: Leftovers } {
  const all = each.reduce(worse, "nothing")
  return all === "nothing" ? {} : { leaves: all }
}
