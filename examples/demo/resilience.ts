import type { DriverSnapshot } from "@kysely-resilient/driver"

type Status = "healthy" | "degraded" | "critical"

export interface Recommendation {
  readonly severity: "info" | "warning" | "critical"
  readonly message: string
  readonly action: string
}

/** What GET /api/database-resilience answers. The names are those that operators of the system know. */
export interface ResilienceReport {
  readonly resilience: {
    readonly status: Status
    readonly status_text: string
    /** Since the start, such as "99.8%". */
    readonly success_rate: string
    readonly metrics: {
      readonly total_queries: number
      readonly failed_queries: number
      readonly reconnections: number
      readonly transaction_rollbacks: number
      readonly pool_resets: number
    }
    readonly features: readonly string[]
    readonly pool_size: number
  }
  readonly recommendations: readonly Recommendation[]
}

/** Thresholds over the last minute; above them (below, for the rate) something deserves a look. */
const SUCCESS_RATE_MIN = 0.95
const RECONNECTIONS_MAX = 10
const ROLLBACKS_MAX = 20
/** Nothing succeeding only means something from this many statements on. */
const STATEMENTS_MIN = 5

const STATUS_TEXT: Record<Status, string> = {
  healthy: "🟢 Healthy",
  degraded: "🟡 Degraded",
  critical: "🔴 Critical",
}

const FEATURES = [
  "Automatic reconnection on all error types",
  "Connection pooling with health monitoring",
  "Transaction state management",
  "Query retry with exponential backoff",
  "Real-time metrics and alerting",
] as const

/** From the snapshot in memory: asking never touches the database, so it answers when the database does not. */
export function resilienceReport({ metrics, pool }: DriverSnapshot): ResilienceReport {
  const { total_queries, failed_queries, reconnections, transaction_rollbacks, pool_resets } = metrics
  const recommendations = recommend(metrics.window)
  const status = statusOf(metrics.window, pool.outageMs !== undefined || recommendations.length > 0)
  return {
    resilience: {
      status,
      status_text: STATUS_TEXT[status],
      success_rate: percent(metrics.success_rate),
      metrics: { total_queries, failed_queries, reconnections, transaction_rollbacks, pool_resets },
      features: FEATURES,
      pool_size: pool.max,
    },
    recommendations:
      recommendations.length > 0
        ? recommendations
        : [{ severity: "info", message: "All systems operating normally", action: "No action required" }],
  }
}

type Window = DriverSnapshot["metrics"]["window"]

function statusOf(window: Window, troubled: boolean): Status {
  if (window.total_queries >= STATEMENTS_MIN && window.failed_queries === window.total_queries) return "critical"
  return troubled ? "degraded" : "healthy"
}

function recommend({ success_rate, reconnections, transaction_rollbacks }: Window): Recommendation[] {
  const found: Recommendation[] = []
  if (success_rate < SUCCESS_RATE_MIN) {
    found.push({
      severity: "critical",
      message: `Only ${percent(success_rate)} of the last minute's statements succeeded at once`,
      action: "Check the server's load and log, and whether queries are slow",
    })
  }
  if (reconnections > RECONNECTIONS_MAX) {
    found.push({
      severity: "warning",
      message: `${reconnections} connections had to be replaced within a minute`,
      action: "Check the server's log and the network between here and there",
    })
  }
  if (transaction_rollbacks > ROLLBACKS_MAX) {
    found.push({
      severity: "warning",
      message: `${transaction_rollbacks} transactions had to be rolled back within a minute`,
      action: "Look for transactions left open, held too long, or deadlocking",
    })
  }
  return found
}

function percent(ratio: number): string {
  return `${(ratio * 100).toFixed(1)}%`
}
