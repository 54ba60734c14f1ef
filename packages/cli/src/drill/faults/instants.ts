import {
  afterRows,
  afterServerHasCommit,
  afterStatementIsSent,
  beforeAnswer,
  beforeCommitReachesServer,
  beforeStatement,
  betweenCommitCompleteAndReady,
  type Matcher,
} from "@kysely-resilient/testing"
import type { Random } from "@kysely-resilient/driver"

import { integer, pick } from "../random.ts"

/** Statements of the callers, not the driver's own. */
const THEIRS = /\b(?:ledger|accounts|facts|slips)\b/
const WRITES = /^(?:insert|update|delete|merge|with)\b|\binsert into ledger\b/
const BEGINS = /^\s*(?:begin|start transaction)/i
const COMMITS = /(?:^|;)\s*commit\s*;?\s*$/i
const SAVES = /^\s*(?:savepoint|release|rollback to)/i

type Instant = (random: Random) => Matcher

const at =
  (...matchers: readonly Matcher[]): Instant =>
  (random) =>
    pick(random, matchers)

/** Moments of an operation's life, by what a loss at them means. */
export const INSTANTS: Readonly<Record<string, { readonly title: string; readonly instant: Instant }>> = {
  begin: {
    title: "at BEGIN",
    instant: at(beforeStatement(BEGINS), afterStatementIsSent(BEGINS), beforeAnswer(BEGINS)),
  },
  statement: {
    title: "at a statement",
    instant: at(
      beforeStatement(THEIRS),
      afterStatementIsSent(THEIRS),
      { from: "client", message: ["Parse", "Bind", "Describe", "Sync"], sql: THEIRS },
      { from: "client", message: ["Parse", "Bind", "Describe"], sql: THEIRS, at: "after" },
    ),
  },
  answer: {
    title: "at an answer",
    instant: at(
      beforeAnswer(THEIRS),
      { from: "server", message: ["ParseComplete", "BindComplete", "RowDescription", "NoData"], sql: THEIRS },
      { from: "server", message: "CommandComplete", sql: THEIRS, at: "after" },
      { from: "server", message: "ReadyForQuery", sql: THEIRS },
      { from: "server", message: "ReadyForQuery", sql: THEIRS, at: "after" },
    ),
  },
  write: {
    title: "at a write's answer",
    instant: at(
      { from: "server", message: "CommandComplete", sql: WRITES },
      { from: "server", message: "ReadyForQuery", sql: WRITES, status: "I" },
      { from: "server", message: "ReadyForQuery", sql: WRITES, status: "T" },
    ),
  },
  "before-commit": {
    title: "before COMMIT",
    instant: at(beforeCommitReachesServer),
  },
  "after-commit": {
    title: "after COMMIT",
    instant: at(
      afterServerHasCommit,
      afterServerHasCommit,
      afterStatementIsSent(COMMITS),
      betweenCommitCompleteAndReady,
      { from: "server", message: "ReadyForQuery", sql: COMMITS },
    ),
  },
  savepoint: {
    title: "at a savepoint",
    instant: at(beforeStatement(SAVES), afterStatementIsSent(SAVES), beforeAnswer(SAVES)),
  },
  rows: {
    title: "between rows",
    instant: (random) => afterRows(integer(random, 1, 90), THEIRS),
  },
}
