import type { DriverSnapshot } from "@kysely-resilient/driver"

import type { Thresholds } from "./thresholds.ts"

export type HealthStatus = "healthy" | "degraded" | "critical"

export type ReasonCode =
  | "CIRCUIT_OPEN"
  | "CIRCUIT_HALF_OPEN"
  | "NOTHING_SUCCEEDS"
  | "UNREACHABLE"
  | "LOW_SUCCESS_RATE"
  | "MANY_RECONNECTIONS"
  | "MANY_ROLLBACKS"
  | "RECOVERING"

/** One thing that keeps the status from being healthy. */
export interface Reason {
  readonly code: ReasonCode
  /** Of the status that it causes by itself. */
  readonly status: "degraded" | "critical"
  /** For people, with the numbers. */
  readonly message: string
  /** What was seen, and what it was compared with, where there is a number. */
  readonly value?: number
  readonly threshold?: number
}

/** What the judgement stands on. */
export interface Vitals {
  readonly snapshot: DriverSnapshot
  /** Statements since the last one that the server answered which failed because of it; none if the last is longer ago than the window. */
  readonly failuresInARow: number
  /** How long an outage lasted that has begun and ended since the last look. */
  readonly missedOutageMs?: number | undefined
}

/** What is wrong at this moment, worst first; nothing if nothing is. */
export function judge({ snapshot, failuresInARow, missedOutageMs }: Vitals, thresholds: Thresholds): readonly Reason[] {
  const { circuit, pool, metrics } = snapshot
  const { window } = metrics
  const reasons: Reason[] = []

  if (circuit.state === "open") {
    reasons.push({
      code: "CIRCUIT_OPEN",
      status: "critical",
      message: `The circuit is open for ${seconds(circuit.openMs ?? 0)}: callers are refused at once while a connection is tried`,
    })
  }
  if (failuresInARow >= thresholds.failuresInARow) {
    reasons.push({
      code: "NOTHING_SUCCEEDS",
      status: "critical",
      message: `The last ${failuresInARow} statements failed because of the server, and none succeeded`,
      value: failuresInARow,
      threshold: thresholds.failuresInARow,
    })
  }
  if (circuit.state === "half-open") {
    reasons.push({
      code: "CIRCUIT_HALF_OPEN",
      status: "degraded",
      message: "The circuit is half-open: a connection is being tried, and callers are refused until it is there",
    })
  }
  if (pool.outageMs !== undefined) {
    reasons.push({
      code: "UNREACHABLE",
      status: "degraded",
      message: `No connection can be opened for ${seconds(pool.outageMs)}; ${pool.waiting} ${pool.waiting === 1 ? "caller waits" : "callers wait"}`,
    })
  } else if (missedOutageMs !== undefined) {
    reasons.push({
      code: "UNREACHABLE",
      status: "degraded",
      message: `No connection could be opened for ${seconds(missedOutageMs)} just now`,
    })
  }
  if (window.total_queries >= thresholds.samplesMin && window.success_rate < thresholds.successRateMin) {
    reasons.push({
      code: "LOW_SUCCESS_RATE",
      status: "degraded",
      message: `${percentOf(window.success_rate)} % of ${window.total_queries} statements in the last ${seconds(window.windowMs)} succeeded at the first try (${percentOf(thresholds.successRateMin)} % are wanted)`,
      value: window.success_rate,
      threshold: thresholds.successRateMin,
    })
  }
  if (window.reconnections > thresholds.reconnectionsMax) {
    reasons.push({
      code: "MANY_RECONNECTIONS",
      status: "degraded",
      message: `${window.reconnections} lost connections were replaced in the last ${seconds(window.windowMs)} (more than ${thresholds.reconnectionsMax})`,
      value: window.reconnections,
      threshold: thresholds.reconnectionsMax,
    })
  }
  if (window.transaction_rollbacks > thresholds.rollbacksMax) {
    reasons.push({
      code: "MANY_ROLLBACKS",
      status: "degraded",
      message: `${window.transaction_rollbacks} transactions were rolled back for their callers in the last ${seconds(window.windowMs)} (more than ${thresholds.rollbacksMax})`,
      value: window.transaction_rollbacks,
      threshold: thresholds.rollbacksMax,
    })
  }
  return reasons
}

export function statusOf(reasons: readonly Reason[]): HealthStatus {
  if (reasons.some(({ status }) => status === "critical")) return "critical"
  return reasons.length > 0 ? "degraded" : "healthy"
}

function seconds(ms: number): string {
  return `${(ms / 1000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

/** What floating point takes from a ratio: 1 - 4/5 is a little less than 0.2. */
const ERROR_OF_FLOATS = 1e-9

/** With one decimal, never rounded up to what it is not: 99.99 % is not all. */
export function percentOf(ratio: number): string {
  return (Math.floor(ratio * 1000 + ERROR_OF_FLOATS) / 10).toFixed(1)
}
