/** How full the pool is, at one moment. `idle + leased + opening <= max` but for a moment after a resize. */
export interface PoolStats {
  readonly min: number
  readonly max: number
  readonly idle: number
  readonly leased: number
  readonly opening: number
  readonly waiting: number
  /** Rises with every reset. */
  readonly generation: number
  /** Milliseconds since nothing can be opened; undefined when all is well. */
  readonly outageMs: number | undefined
}
