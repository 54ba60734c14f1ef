import type { ResilienceReport } from "@kysely-resilient/core"
import type { LiveEvent, LiveSample } from "@kysely-resilient/http"

export const sample = (queries: number, more: Partial<LiveSample> = {}): LiveSample => ({
  at_ms: 0,
  status: "degraded",
  total_queries: 1_523,
  failed_queries: 3,
  reconnections: 1,
  transaction_rollbacks: 12,
  pool_resets: 0,
  retries: 3,
  surfaced_errors: 0,
  success_ratio: 0.998,
  p50_s: 0.001,
  p95_s: 0.0213,
  p99_s: 0.14,
  pool: { max: 20, idle: 3, used: 4, opening: 0, waiting: 2, generation: 0, outage_s: null },
  circuit: "closed",
  retry_budget: null,
  since_last: { queries, failed: 0, p50_s: 0, p95_s: 0, p99_s: 0, max_s: 0, acquired: 0, wait_s: 0 },
  ...more,
})

export const NO_REPORT: ResilienceReport = {
  resilience: {
    status: "healthy",
    status_text: "",
    success_rate: "100.0%",
    metrics: { total_queries: 0, failed_queries: 0, reconnections: 0, transaction_rollbacks: 0, pool_resets: 0 },
    features: [],
    pool_size: 20,
  },
  recommendations: [],
  schema_version: 1,
  checked_at: "2026-01-01T00:00:00Z",
  uptime_s: 0,
  status_since: "2026-01-01T00:00:00Z",
  recovers_at: null,
  reasons: [],
  pool: { min: 2, max: 20, idle: 0, used: 0, opening: 0, waiting: 0, generation: 0, outage_s: null },
  window: {
    seconds: 60,
    total_queries: 0,
    failed_queries: 0,
    surfaced_errors: 0,
    retries: 0,
    reconnections: 0,
    transaction_rollbacks: 0,
    success_ratio: 1,
    p50_s: 0,
    p95_s: 0,
    p99_s: 0,
    max_s: 0,
  },
  circuit: { state: "closed", open_s: null },
  retries: { budget_left: null },
  resolutions: { applied: 0, applied_locally: 0, not_applied: 0, unresolved: 0, resolved_late: 0, pending: 0 },
  retry_after_s: null,
}

export const event: LiveEvent = {
  at_ms: 0,
  until_ms: 0,
  name: "connection.discarded",
  count: 6,
  kind: "connection_failed",
  sql_state: "57P01",
}
