import type { PoolStats } from "./pool/pool.ts"
import type { MetricsSnapshot } from "./telemetry/metrics.ts"

/** The state of everything, as plain data; taken at once and frozen. */
export interface DriverSnapshot {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly pool: PoolStats
  readonly metrics: MetricsSnapshot
  readonly resolution: {
    /** Effects that are looked for in the background: their callers were told `unknown`. */
    readonly pending: number
  }
  /** How many more retries after lost connections `retry.budget` allows at this moment; Infinity without one. */
  readonly retriesLeft: number
}
