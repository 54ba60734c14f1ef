/** From when on something is worth telling. The defaults are those that this library was asked for. */
export interface HealthOptions {
  /** Degraded below this share of statements whose first try met an available database, 0 to 1. Default 0.95. */
  readonly successRateMin?: number
  /** Statements in the window before that share means anything: one lost connection in a quiet minute is no trend. Default 10. */
  readonly samplesMin?: number
  /** Degraded above this many lost connections replaced in the window. Default 10. */
  readonly reconnectionsMax?: number
  /** Degraded above this many rollbacks of ours in the window (repaired, orphaned, past their deadline). Default 20. */
  readonly rollbacksMax?: number
  /** Critical after this many statements in a row that failed because of the server, with none that succeeded, the last one in the window. Default 5. */
  readonly failuresInARow?: number
  /** Better times must last this long before they are believed, milliseconds. Worse ones are believed at once. Default 10,000. */
  readonly recoverAfterMs?: number
}

export type Thresholds = Required<HealthOptions>

export const DEFAULT_THRESHOLDS: Thresholds = {
  successRateMin: 0.95,
  samplesMin: 10,
  reconnectionsMax: 10,
  rollbacksMax: 20,
  failuresInARow: 5,
  recoverAfterMs: 10_000,
}
