/** From when on advice speaks of a server; for whoever shows the same numbers without an examination, so that both say the same. */
export interface AdviceThresholds {
  /** Share of the connections that are not reserved, from which on they are nearly exhausted. */
  readonly connectionsTakenRatio: number
  /** Dead rows are many above this share of a table's rows, and above so many of them. */
  readonly deadRowsRatio: number
  readonly deadRowsMax: number
  /** Age of transaction ids, in multiples of `autovacuum_freeze_max_age`. */
  readonly xidAgeRatio: number
  /** A transaction that runs, milliseconds. */
  readonly transactionMs: number
  /** A session that waits for a lock, milliseconds. */
  readonly lockWaitMs: number
  /** How far a standby is behind, milliseconds. */
  readonly replicaLagMs: number
}

export const ADVICE_THRESHOLDS: AdviceThresholds = {
  connectionsTakenRatio: 0.8,
  deadRowsRatio: 0.2,
  deadRowsMax: 10_000,
  // Autovacuum begins at its maximum age; half as much again is more than it takes to get round.
  xidAgeRatio: 1.5,
  transactionMs: 60_000,
  lockWaitMs: 1_000,
  replicaLagMs: 30_000,
}
