import type { Circuit } from "./policy/circuit.ts"
import type { PoolStats } from "./pool/pool.ts"
import type { ServerSummary } from "./postgres/session-facts.ts"
import type { DatabaseIdentity } from "./telemetry/identity.ts"
import type { MetricsSnapshot } from "./telemetry/metrics.ts"
import type { PoolTimesSnapshot } from "./telemetry/pool-times.ts"

/** The state of everything, as plain data; taken at once and frozen. */
export interface DriverSnapshot {
  /** Milliseconds since the epoch. */
  readonly at: number
  readonly database: DatabaseIdentity
  /** What the server said of itself when the last connection was opened; undefined before the first. */
  readonly server?: ServerSummary
  readonly pool: PoolStats
  readonly metrics: MetricsSnapshot
  /** How long connections took: to get, to use, to open. */
  readonly times: PoolTimesSnapshot
  readonly resolution: {
    /** Effects that are looked for in the background: their callers were told `unknown`. */
    readonly pending: number
  }
  readonly circuit: CircuitSnapshot
  /** How many more retries after lost connections `retry.budget` allows at this moment; Infinity without one. */
  readonly retriesLeft: number
}

/** One open connection of the pool, at one moment. Those that are being opened are in `pool.opening`. */
export interface ConnectionSnapshot {
  /** As events tell it. */
  readonly id: number
  /** The server's process, as in pg_stat_activity; behind a pooler the pooler's word for it. */
  readonly processId: number
  /** `checking`: asked whether it still works. `held`: somebody has it, and it does nothing at the moment. */
  readonly state: "idle" | "checking" | "held" | "active" | "in-transaction" | "failed-transaction"
  /** Since when somebody has it, or nobody; milliseconds since the epoch. */
  readonly since: number
  readonly openedAt: number
  /** How often it was given back. */
  readonly uses: number
  /** What runs on it: parameterised text, never a parameter. */
  readonly sql?: string
  /** The same in a few words. */
  readonly summary?: string
}

export interface CircuitSnapshot {
  /** `open`: whoever asks is refused. `half-open`: the same, while a connection of our own is being tried. */
  readonly state: "closed" | "open" | "half-open"
  /** Milliseconds since it opened; undefined while it is closed. */
  readonly openMs: number | undefined
}

export function circuitSnapshot(circuit: Circuit, now: number): CircuitSnapshot {
  const { state } = circuit
  return Object.freeze({ state, openMs: state === "closed" ? undefined : now - circuit.since })
}
