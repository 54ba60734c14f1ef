import type { Failure } from "../failure/failure.ts"

/** How many retries all operations together may have. */
export interface RetryBudget {
  /** Retries for each statement that succeeds. */
  readonly ratio: number
  /** Retries that may be used at once, after a time without any. */
  readonly burst: number
}

/**
 * A tenth: what a server that fails everything is asked beyond what it is asked anyway. A hundred: with pools of the usual
 * size everything that one restart or two interrupt can be tried again, however little has succeeded before.
 */
export const DEFAULT_BUDGET: RetryBudget = { ratio: 0.1, burst: 100 }

/** A conflict is a sign of a server at work, not of one that needs sparing: only a storm of them must end. */
const CONFLICT_PRICE = 0.1

/** Sums of tenths are not exact. */
const TOLERANCE = 1e-9

/** A bucket of retries: full at first, filled by what succeeds. */
export class Budget {
  readonly #limits: RetryBudget | undefined
  #left: number

  /** `undefined`: no budget, every retry is affordable. */
  constructor(limits: RetryBudget | undefined) {
    this.#limits = limits
    this.#left = limits?.burst ?? Number.POSITIVE_INFINITY
  }

  /** Retries after a lost connection that could be had now. */
  get left(): number {
    return this.#left
  }

  /** A statement has succeeded. */
  earn(): void {
    if (this.#limits === undefined || this.#left >= this.#limits.burst) return
    this.#left = Math.min(this.#limits.burst, this.#left + this.#limits.ratio)
  }

  affords(failure: Pick<Failure, "blame">): boolean {
    return this.#left + TOLERANCE >= priceOf(failure)
  }

  /** The retry takes place. */
  spend(failure: Pick<Failure, "blame">): void {
    this.#left = Math.max(0, this.#left - priceOf(failure))
  }
}

function priceOf(failure: Pick<Failure, "blame">): number {
  return failure.blame === "server" ? 1 : CONFLICT_PRICE
}
