import type { DriverSnapshot } from "@kysely-resilient/driver"

import { percentOf, type HealthStatus } from "./judge.ts"
import type { Health } from "./monitor.ts"

/** A piece of advice for people. */
export interface ReportedAdvice {
  readonly severity: "info" | "warning" | "critical"
  readonly message: string
  readonly action: string
  readonly code?: string
  readonly docs?: string
  readonly sql?: string
  readonly evidence?: Readonly<Record<string, unknown>>
  /** Since when it is so, ISO 8601. */
  readonly since?: string
  /** It is so no longer, for some seconds: `message` says how it was. */
  readonly passed?: true
}

/** How a database is doing, as JSON for operators: the unit is in the name of every number. */
export interface ResilienceReport {
  readonly resilience: {
    readonly status: HealthStatus
    readonly status_text: string
    /** Of all statements since the start, as text with its unit. */
    readonly success_rate: string
    readonly metrics: {
      readonly total_queries: number
      readonly failed_queries: number
      readonly reconnections: number
      readonly transaction_rollbacks: number
      readonly pool_resets: number
    }
    readonly features: readonly string[]
    /** The most connections that the pool may hold. */
    readonly pool_size: number
  }
  readonly recommendations: readonly ReportedAdvice[]
  readonly schema_version: 1
  readonly checked_at: string
  readonly uptime_s: number
  readonly status_since: string
  /** When it will be healthy again at the latest, if nothing more goes wrong; null if it is, or if nobody can know. */
  readonly recovers_at: string | null
  readonly reasons: readonly {
    readonly code: string
    readonly severity: "warning" | "critical"
    readonly message: string
  }[]
  readonly pool: {
    readonly min: number
    readonly max: number
    readonly idle: number
    readonly used: number
    readonly opening: number
    readonly waiting: number
    readonly generation: number
    readonly outage_s: number | null
  }
  readonly window: {
    readonly seconds: number
    readonly total_queries: number
    readonly failed_queries: number
    readonly surfaced_errors: number
    readonly retries: number
    readonly reconnections: number
    readonly transaction_rollbacks: number
    readonly success_ratio: number
    readonly p50_s: number
    readonly p95_s: number
    readonly p99_s: number
    readonly max_s: number
  }
  readonly circuit: { readonly state: "closed" | "open" | "half_open"; readonly open_s: number | null }
  readonly retries: { readonly budget_left: number | null }
  readonly resolutions: {
    readonly applied: number
    readonly applied_locally: number
    readonly not_applied: number
    readonly unresolved: number
    readonly resolved_late: number
    readonly pending: number
  }
  /** When it makes sense to come back; null if now. */
  readonly retry_after_s: number | null
}

const TEXT: Readonly<Record<HealthStatus, string>> = {
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
]

const ALL_IS_WELL: ReportedAdvice = {
  severity: "info",
  message: "All systems operating normally",
  action: "No action required",
}

/** The report, of one snapshot: all its numbers are of the same moment. */
export function reportOf(
  snapshot: DriverSnapshot,
  health: Health,
  advice: readonly ReportedAdvice[],
): ResilienceReport {
  const { metrics, pool, circuit, resolution } = snapshot
  const { window, resolutions } = metrics
  return {
    resilience: {
      status: health.status,
      status_text: TEXT[health.status],
      success_rate: `${percentOf(metrics.success_rate)}%`,
      metrics: {
        total_queries: metrics.total_queries,
        failed_queries: metrics.failed_queries,
        reconnections: metrics.reconnections,
        transaction_rollbacks: metrics.transaction_rollbacks,
        pool_resets: metrics.pool_resets,
      },
      features: FEATURES,
      pool_size: pool.max,
    },
    recommendations: advice.length > 0 || health.status !== "healthy" ? advice : [ALL_IS_WELL],
    schema_version: 1,
    checked_at: new Date(snapshot.at).toISOString(),
    uptime_s: seconds(snapshot.at - health.startedAt),
    status_since: new Date(health.since).toISOString(),
    recovers_at: health.recoversAt === undefined ? null : new Date(health.recoversAt).toISOString(),
    reasons: health.reasons.map(({ code, status, message }) => ({
      code,
      severity: status === "critical" ? "critical" : "warning",
      message,
    })),
    pool: {
      min: pool.min,
      max: pool.max,
      idle: pool.idle,
      used: pool.leased,
      opening: pool.opening,
      waiting: pool.waiting,
      generation: pool.generation,
      outage_s: pool.outageMs === undefined ? null : seconds(pool.outageMs),
    },
    window: {
      seconds: seconds(window.windowMs),
      total_queries: window.total_queries,
      failed_queries: window.failed_queries,
      surfaced_errors: window.surfaced,
      retries: window.retried,
      reconnections: window.reconnections,
      transaction_rollbacks: window.transaction_rollbacks,
      success_ratio: window.success_rate,
      p50_s: seconds(window.durationMs.p50),
      p95_s: seconds(window.durationMs.p95),
      p99_s: seconds(window.durationMs.p99),
      max_s: seconds(window.durationMs.max),
    },
    circuit: {
      state: circuit.state === "half-open" ? "half_open" : circuit.state,
      open_s: circuit.openMs === undefined ? null : seconds(circuit.openMs),
    },
    retries: { budget_left: Number.isFinite(snapshot.retriesLeft) ? snapshot.retriesLeft : null },
    resolutions: {
      applied: resolutions.applied,
      applied_locally: resolutions.applied_locally,
      not_applied: resolutions.not_applied,
      unresolved: resolutions.unresolved,
      resolved_late: resolutions.late,
      pending: resolution.pending,
    },
    // A prober looks at least every quarter of a second; a second later there is an answer.
    retry_after_s: circuit.state === "closed" && pool.outageMs === undefined ? null : 1,
  }
}

/** To the tenth of a millisecond. */
function seconds(ms: number): number {
  return Math.round(ms * 10) / 10_000
}
