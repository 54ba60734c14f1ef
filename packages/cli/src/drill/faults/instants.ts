import type { Random } from "@kysely-resilient/driver"
import { INSTANTS, type Instant, type Matcher } from "@kysely-resilient/testing"

import { pick } from "../random.ts"

/** Statements of the callers, not the driver's own. */
const THEIRS = /\b(?:ledger|accounts|facts|slips)\b/
/** Autocommit writes have no COMMIT that a rule could name: their own answer is it. */
const WRITES = /^(?:insert|update|delete|merge|with)\b|\binsert into ledger\b/

/** A moment of the protocol that a fault may strike at. */
export type Moment = (random: Random) => Matcher

/** A row of the table: moments at which a loss means about the same. */
export interface Moments {
  readonly name: string
  readonly title: string
  readonly moment: Moment
}

/** Moments while callers are at work. Opening a connection is a fault of its own, since it has to be brought about. */
export const MOMENTS: readonly Moments[] = [
  { name: "begin", title: "at BEGIN", moment: during("begin") },
  { name: "statement", title: "at a statement", moment: during("statement") },
  {
    name: "write",
    title: "at a write's answer",
    moment: anyOf(
      { from: "server", message: "CommandComplete", sql: WRITES },
      { from: "server", message: "ReadyForQuery", sql: WRITES, status: "I" },
      { from: "server", message: "ReadyForQuery", sql: WRITES, status: "T" },
    ),
  },
  { name: "rows", title: "between rows", moment: during("rows") },
  { name: "portal", title: "between chunks", moment: during("portal") },
  { name: "savepoint", title: "at a savepoint", moment: during("savepoint") },
  {
    name: "before-commit",
    title: "before COMMIT",
    moment: commits("commit before it reaches the server", "commit inside its message"),
  },
  {
    name: "after-commit",
    title: "after COMMIT",
    moment: commits(
      "commit after it is sent",
      "commit before its answer",
      "commit inside its answer",
      "commit before ready",
      "commit after ready",
    ),
  },
  { name: "rollback", title: "at ROLLBACK", moment: during("rollback") },
  { name: "cancel", title: "at a cancellation", moment: during("cancel") },
]

/** When the answer of whatever commits is on its way: what nobody knows without asking. */
export const LOST_ANSWERS: Moment = anyOf(
  ...INSTANTS.filter(({ name }) => name === "commit after it is sent" || name === "commit before its answer").map(
    ({ matcher }) => matcher(),
  ),
  { from: "server", message: "CommandComplete", sql: WRITES },
)

/** Moments of a connection that is being made. */
export const OPENING: Moment = during("connecting")

function during(episode: Instant["during"]): Moment {
  return anyOf(...INSTANTS.filter((one) => one.during === episode).map((one) => one.matcher(THEIRS)))
}

function commits(...names: readonly Instant["name"][]): Moment {
  return anyOf(...INSTANTS.filter(({ name }) => names.includes(name)).map(({ matcher }) => matcher()))
}

function anyOf(...matchers: readonly Matcher[]): Moment {
  return (random) => pick(random, matchers)
}
