import type { HealthStatus, ReportedAdvice, ResilienceReport } from "@kysely-resilient/core"

import type { Paint } from "../paint.ts"
import { counted, milliseconds, printable, span } from "../words.ts"

export const STATUS_STYLE: Readonly<Record<HealthStatus, "green" | "yellow" | "red">> = {
  healthy: "green",
  degraded: "yellow",
  critical: "red",
}

const ADVICE_STYLE = { critical: "red", warning: "yellow", info: "dim" } as const

/** The report for a person who was just woken: how it is, since when, why; then the numbers. */
export function statusReport(report: ResilienceReport, paint: Paint): string {
  const { resilience, reasons, recommendations } = report
  const { status } = resilience
  const forS = (Date.parse(report.checked_at) - Date.parse(report.status_since)) / 1_000
  return [
    `${paint(STATUS_STYLE[status], status)} for ${span(forS)} (since ${report.status_since})`,
    ...reasons.map(({ severity, code, message }) => `  ${paint(ADVICE_STYLE[severity], code)}  ${printable(message)}`),
    "",
    ...rows(report).map(([name, value]) => `${paint("dim", name.padEnd(13))} ${value}`),
    ...recommendations.flatMap((advice) => ["", ...adviceLines(advice, paint)]),
    "",
  ].join("\n")
}

function rows(report: ResilienceReport): readonly (readonly [string, string])[] {
  const { resilience, window, pool, circuit, resolutions, retries } = report
  const { metrics } = resilience
  const outage = pool.outage_s === null ? "" : `; nothing can be opened for ${span(pool.outage_s)}`
  const looked = resolutions.applied + resolutions.applied_locally + resolutions.not_applied + resolutions.unresolved
  return [
    [
      "success",
      `${resilience.success_rate} of ${counted(metrics.total_queries, "statement", "statements")} since the start, ${span(report.uptime_s)} ago`,
    ],
    [
      `last ${span(window.seconds)}`,
      `${percent(window.success_ratio)} of ${counted(window.total_queries, "statement", "statements")}, ` +
        `${counted(window.retries, "retry", "retries")}, ${counted(window.surfaced_errors, "error", "errors")} told to callers`,
    ],
    [
      "time",
      `half within ${ms(window.p50_s)}, 95 % within ${ms(window.p95_s)}, 99 % within ${ms(window.p99_s)}, at most ${ms(window.max_s)}`,
    ],
    [
      "pool",
      `${pool.used} of ${pool.max} in use, ${pool.idle} idle, ${pool.opening} opening, ${pool.waiting} waiting${outage}`,
    ],
    ["circuit", circuit.state.replace("_", "-") + (circuit.open_s === null ? "" : ` for ${span(circuit.open_s)}`)],
    ["retry budget", retries.budget_left === null ? "unlimited" : `${retries.budget_left} left`],
    [
      "since start",
      [
        `${metrics.failed_queries} failed at first`,
        counted(metrics.reconnections, "reconnection", "reconnections"),
        counted(metrics.transaction_rollbacks, "rollback", "rollbacks"),
        counted(metrics.pool_resets, "pool reset", "pool resets"),
      ].join(", "),
    ],
    [
      "lost COMMITs",
      looked === 0
        ? "none"
        : `${resolutions.applied + resolutions.applied_locally} applied, ${resolutions.not_applied} not applied, ` +
          `${resolutions.unresolved} unresolved (${resolutions.resolved_late} found out later), ${resolutions.pending} pending`,
    ],
  ]
}

function adviceLines({ severity, code, message, action, sql, docs }: ReportedAdvice, paint: Paint): readonly string[] {
  return [
    `${paint(ADVICE_STYLE[severity], code ?? severity)}  ${printable(message)}`,
    `  ${printable(action)}`,
    ...(sql === undefined
      ? []
      : printable(sql)
          .split("\n")
          .map((line) => `    ${paint("bold", line)}`)),
    ...(docs === undefined ? [] : [`  ${paint("dim", docs)}`]),
  ]
}

function ms(seconds: number): string {
  return milliseconds(seconds * 1_000)
}

function percent(ratio: number): string {
  // Never "100 %" where something failed.
  return `${ratio === 1 ? "100" : Math.min(99.9, ratio * 100).toFixed(1)} %`
}
