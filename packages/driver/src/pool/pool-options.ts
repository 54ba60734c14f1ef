import type { Clock, Random } from "../foundation/clock.ts"
import type { Breaker } from "../policy/breaker.ts"
import type { Observer } from "../telemetry/events.ts"
import type { PoolTimes } from "../telemetry/pool-times.ts"
import type { Resources } from "./resources.ts"
import type { SheddingRules } from "./shedding.ts"
import type { WaitOptions } from "./waiters.ts"

/** Checked by whoever parsed them: `0 <= min <= max`, `1 <= max`, no time negative. */
export interface PoolOptions {
  /** So many are kept open once the pool has been used. */
  readonly min: number
  readonly max: number
  /** The longest wait for one to become free. */
  readonly acquireTimeoutMs: number
  /** The longest line, besides those for whom one is being opened or checked. 0: take what can be had at once, or fail. */
  readonly waitersMax: number
  /** Above `min`, one that nobody wanted for so long is closed. */
  readonly idleTimeoutMs: number
  /** ± 10 %, fixed when it is opened. One that is in use is closed when it comes back. */
  readonly maxLifetimeMs: number
  /** After so many uses one is closed. Default: never for that. */
  readonly usesMax?: number
  /** One that was unused for longer is checked before it is handed out. */
  readonly validateAfterIdleMs: number
  /** The longest wait while nothing can be opened. */
  readonly outageWaitMs: number
  /** Idle ones keep the process alive. */
  readonly keepAlive: boolean
  /** Undefined: whoever waits does so for as long as he may. */
  readonly shedding?: SheddingRules | undefined
}

export interface PoolParts<T> {
  readonly options: PoolOptions
  readonly resources: Resources<T>
  readonly clock: Clock
  readonly random: Random
  readonly observer: Observer
  readonly times: PoolTimes
  readonly breaker: Breaker
  /** An opening takes no longer, about: then it fails. */
  readonly openingMaxMs: number
  /** The pause after so many failed openings (the first is 1), the first of them so long ago. */
  readonly outageDelayMs: (attempt: number, outageMs: number) => number
}

/** What limits one acquire, besides `acquireTimeoutMs`. */
export type AcquireOptions = WaitOptions
