import type { Clock } from "../foundation/clock.ts"

/** What a window is made of: it takes notes for a while, and is wiped when its time is up. */
export interface Slice {
  clear(): void
}

export interface WindowOptions<S extends Slice> {
  readonly windowMs: number
  /** How many slices it is cut into: it forgets one at a time. */
  readonly slices: number
  readonly make: () => S
}

/**
 * The last `windowMs` milliseconds, as a ring of slices that are used over and over. It covers between
 * `windowMs - windowMs / slices` and `windowMs`, because the current slice has only begun. Nothing runs in the
 * background: time is looked at when something is noted or asked.
 */
export class SlidingWindow<S extends Slice> {
  readonly #clock: Clock
  readonly #sliceMs: number
  readonly #slices: readonly S[]
  /** The number, since the clock's zero, of the slice in use. */
  #tick: number
  #current: S

  constructor(clock: Clock, options: WindowOptions<S>) {
    this.#clock = clock
    this.#sliceMs = options.windowMs / options.slices
    this.#slices = Array.from({ length: options.slices }, options.make)
    this.#tick = this.#now()
    this.#current = this.#at(this.#tick)
  }

  /** Where to note what happens now. */
  current(): S {
    this.#forget()
    return this.#current
  }

  /** All that is remembered, in no particular order. */
  remembered(): readonly S[] {
    this.#forget()
    return this.#slices
  }

  #forget(): void {
    const now = this.#now()
    if (now === this.#tick) return
    // After a long silence once around the ring is enough.
    for (let tick = Math.max(this.#tick + 1, now - this.#slices.length + 1); tick <= now; tick += 1)
      this.#at(tick).clear()
    this.#tick = now
    this.#current = this.#at(now)
  }

  #now(): number {
    return Math.floor(this.#clock.now() / this.#sliceMs)
  }

  #at(tick: number): S {
    return this.#slices[tick % this.#slices.length]!
  }
}
