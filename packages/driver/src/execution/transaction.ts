import type { TransactionSettings } from "../engine.ts"
import { remainingMs } from "../foundation/deadline.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"

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
    exchangeOn: (connection) => {
      const backstopMs = timeoutBackstopMs(remainingMs(clock, settings.deadline), connection.statementTimeoutMs)
      return new Exchange({ protocol: "simple", sql: beginSql(settings, backstopMs) })
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

/** COMMIT is never repeated: what became of one that nobody answered is found out, or reported. */
export function commitPlan(settings: TransactionSettings, mayHaveWritten: boolean): Plan {
  return {
    ...CONTROL,
    sql: "commit",
    label: settings.label,
    exchangeOn: () => new Exchange({ protocol: "simple", sql: "commit" }),
    access: mayHaveWritten ? "write" : "read",
    phase: "commit",
    repeatable: false,
    retry: false,
    attemptsMax: 1,
    deadline: settings.deadline,
    signal: undefined,
  }
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
