import type { LiveEvent, LiveSample, LiveSecond } from "@kysely-resilient/http"

export function event(at: number, name: LiveEvent["name"], facts: Partial<LiveEvent> = {}): LiveEvent {
  return { at_ms: at, until_ms: at, count: 1, ...facts, name }
}

/** One second of a service. */
export function sample(at: number, second: Partial<LiveSecond>, pool: Partial<LiveSample["pool"]> = {}): LiveSample {
  return {
    at_ms: at,
    status: "healthy",
    total_queries: 0,
    failed_queries: 0,
    reconnections: 0,
    transaction_rollbacks: 0,
    pool_resets: 0,
    retries: 0,
    surfaced_errors: 0,
    success_ratio: 1,
    p50_s: 0,
    p95_s: 0,
    p99_s: 0,
    pool: { max: 10, idle: 5, used: 5, opening: 0, waiting: 0, generation: 0, outage_s: null, ...pool },
    circuit: "closed",
    retry_budget: 100,
    since_last: { queries: 0, failed: 0, p50_s: 0, p95_s: 0, p99_s: 0, max_s: 0, acquired: 0, wait_s: 0, ...second },
  }
}

/** Seconds in which all is well. */
export function quiet(first: number, count: number): LiveSample[] {
  return Array.from({ length: count }, (_, index) =>
    sample((first + index) * 1_000, { queries: 100, p50_s: 0.002, p95_s: 0.006, max_s: 0.02, acquired: 100 }),
  )
}
