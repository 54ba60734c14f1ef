/** Lifetime counters, under the names that operators of the system know. */
export interface LifetimeCounters {
  /** Callers' statements, once each: no retries, no BEGIN or COMMIT, nothing of our own. */
  readonly total_queries: number
  /** Statements whose first attempt failed for availability, whether or not a retry saved them. */
  readonly failed_queries: number
  /** Connections opened to replace a lost one. */
  readonly reconnections: number
  /** Rollbacks that we made: repair, orphan, deadline. Not a caller's own. */
  readonly transaction_rollbacks: number
  /** Bumps of the pool's generation. */
  readonly pool_resets: number
}

export interface MetricsSnapshot extends LifetimeCounters {
  /** `1 - failed_queries / total_queries`; 1 when nothing has run. */
  readonly success_rate: number
  /** The last 60 seconds. */
  readonly window: WindowSnapshot
}

export interface WindowSnapshot extends LifetimeCounters {
  readonly windowMs: number
  readonly success_rate: number
  readonly retried: number
  /** Statements whose caller got an error that the server is to blame for. */
  readonly surfaced: number
  readonly durationMs: { readonly p50: number; readonly p95: number; readonly p99: number; readonly max: number }
}
