import type { Clock, Timer, TimerOptions } from "./clock.ts"

/**
 * One timer for everything its owner has to look at later. It rings once, at the earliest of the moments it was asked
 * for, and must then be asked again. It may ring too early; never too late.
 */
export class Alarm {
  readonly #clock: Clock
  readonly #ring: () => void
  readonly #options: TimerOptions | undefined
  #at: number = Number.POSITIVE_INFINITY
  #timer: Timer | undefined

  constructor(clock: Clock, ring: () => void, options?: TimerOptions) {
    this.#clock = clock
    this.#ring = ring
    this.#options = options
  }

  /** Rings at `at` (on its clock) or before. Costs a comparison if it would ring by then anyway. */
  by(at: number): void {
    if (at >= this.#at) return
    this.#timer?.cancel()
    this.#at = at
    this.#timer = this.#clock.after(
      at - this.#clock.now(),
      () => {
        this.stop()
        this.#ring()
      },
      this.#options,
    )
  }

  stop(): void {
    this.#timer?.cancel()
    this.#timer = undefined
    this.#at = Number.POSITIVE_INFINITY
  }
}
