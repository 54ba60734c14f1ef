import type { TransactionSettings } from "../engine.ts"
import { remainingMs } from "../foundation/deadline.ts"
import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { markerClaim, markerInsert, proofOn, xidRider } from "./proof.ts"

const CONTROL = {
  queryId: "",
  selfCommitting: false,
  enclosed: false,
  ifWrite: undefined,
  leaves: undefined,
  counted: false,
  rowsDelivered: false,
  abortInFlight: true,
} as const

/** The session's own statement_timeout is asked for again when it was last heard of so long ago. */
const LEARNT_FOR_MS = 5_000

/** Takes no snapshot, and so leaves BEGIN all its choices, which a SELECT would not. */
const SHOW_TIMEOUT = "show statement_timeout"

/**
 * BEGIN, with everything that is only for this transaction in the same message. A BEGIN that failed has done nothing,
 * so it may be repeated, on another connection too.
 */
export function beginPlan(machine: Machine, settings: TransactionSettings, signal: AbortSignal): Plan {
  const { limits, clock } = machine
  return {
    ...CONTROL,
    sql: beginSql(settings, undefined),
    label: settings.label,
    comment: machine.comments?.of(settings.label),
    exchangeOn: (connection) => {
      const backstopMs = timeoutBackstopMs(remainingMs(clock, settings.deadline), connection.statementTimeoutMs)
      const begin = beginSql(settings, backstopMs)
      const stale = backstopMs !== undefined && clock.now() - connection.learntAt > LEARNT_FOR_MS
      return new Exchange({ protocol: "simple", sql: stale ? `${SHOW_TIMEOUT}; ${begin}` : begin })
    },
    access: "write",
    phase: "transaction",
    repeatable: true,
    retry: limits.retry,
    attemptsMax: limits.attemptsMax,
    deadline: settings.deadline,
    signal,
  }
}

/** Asks for the transaction's number, in a flight of its own. */
export function xidPlan(machine: Machine, settings: TransactionSettings): Plan {
  return {
    ...CONTROL,
    sql: "select pg_current_xact_id_if_assigned()",
    label: settings.label,
    comment: machine.comments?.of(settings.label),
    exchangeOn: ({ facts }) => new Exchange({ protocol: "extended", steps: [xidRider(facts, false)] }),
    access: "read",
    phase: "transaction",
    repeatable: false,
    retry: false,
    attemptsMax: 1,
    deadline: settings.deadline,
    signal: undefined,
  }
}

/**
 * COMMIT is never repeated: what became of one that nobody answered is found out, or reported.
 *
 * @param claim the transaction's number, if that is what proves it
 */
export function commitPlan(
  machine: Machine,
  settings: TransactionSettings,
  mayHaveWritten: boolean,
  claim: Claim | undefined,
): Plan {
  return {
    ...CONTROL,
    sql: "commit",
    label: settings.label,
    comment: machine.comments?.of(settings.label),
    exchangeOn: (connection) =>
      mayHaveWritten ? commitOn(machine, connection, claim) : new Exchange({ protocol: "simple", sql: "commit" }),
    access: mayHaveWritten ? "write" : "read",
    phase: "commit",
    repeatable: false,
    retry: false,
    attemptsMax: 1,
    deadline: settings.deadline,
    signal: undefined,
  }
}

/** With the row that proves it before it, in the same message, where that is how it is proved. */
export function commitOn(machine: Machine, connection: PgConnection, claim: Claim | undefined): Exchange {
  const marker = proofOn(machine, connection) === "marker" ? markerClaim(machine, connection.facts) : undefined
  const sql = marker === undefined ? "commit" : `${markerInsert(marker)}; commit`
  const exchange = new Exchange({ protocol: "simple", sql })
  exchange.claim = marker ?? claim
  return exchange
}

/** The session's own statement_timeout, if BEGIN brought the answer along: for the next transaction on this connection. */
export function learnFromBegin(connection: PgConnection | undefined, began: Exchange, now: number): void {
  const row = began.replies[0]?.rows[0]
  const shown: unknown = row === undefined ? undefined : Reflect.get(row, "statement_timeout")
  if (connection === undefined || typeof shown !== "string") return
  connection.statementTimeoutMs = millisecondsIn(shown)
  connection.learntAt = now
}

const UNITS: Readonly<Record<string, number>> = { ms: 1, s: 1_000, min: 60_000, h: 3_600_000, d: 86_400_000 }

/** As SHOW writes a duration: `0`, `1500ms`, `30s`, `2min`. */
export function millisecondsIn(shown: string): number {
  const [, amount = "0", unit = "ms"] = /^(\d+)(ms|s|min|h|d)?$/.exec(shown) ?? []
  return Number(amount) * (UNITS[unit] ?? 1)
}

/**
 * The statement_timeout that rides with BEGIN: should the client not be able to tell the server to stop, statements stop
 * there by themselves. Never longer than the session's own (0: it has none).
 */
export function timeoutBackstopMs(leftMs: number, sessionTimeoutMs: number): number | undefined {
  if (!Number.isFinite(leftMs)) return undefined
  const left = Math.max(1, Math.ceil(leftMs))
  return sessionTimeoutMs > 0 ? Math.min(left, sessionTimeoutMs) : left
}

export function beginSql(settings: TransactionSettings, statementTimeoutMs: number | undefined): string {
  const parts = ["begin"]
  if (settings.isolation !== undefined) parts.push(` isolation level ${settings.isolation}`)
  if (settings.accessMode !== undefined) parts.push(` ${settings.accessMode}`)
  if (settings.deferrable !== undefined) parts.push(settings.deferrable ? " deferrable" : " not deferrable")
  if (statementTimeoutMs !== undefined) parts.push(`; set local statement_timeout = ${statementTimeoutMs}`)
  if (settings.lockTimeoutMs !== undefined)
    parts.push(`; set local lock_timeout = ${Math.ceil(settings.lockTimeoutMs)}`)
  return parts.join("")
}
