import type { Clock } from "@kysely-resilient/driver"

/** In an outage events come by the thousand, and a look costs more than an event. */
const LOOK_AT_MOST_EVERY_MS = 250

/** While something is wrong it may also pass without an event. */
const LOOK_AGAIN_MS = 1_000

/** When to look: soon after something happened, and again while something is wrong. While all is well it holds no timer. */
export class Lookout {
  readonly #clock: Clock
  readonly #look: () => void
  #timer: { cancel(): void } | undefined
  #lookedAt = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(clock: Clock, look: () => void) {
    this.#clock = clock
    this.#look = look
  }

  /** Something happened. */
  soon(): void {
    this.#lookIn(Math.max(0, this.#lookedAt + LOOK_AT_MOST_EVERY_MS - this.#clock.now()))
  }

  /** Somebody has looked. `again`: something was wrong. */
  looked(again: boolean): void {
    this.#lookedAt = this.#clock.now()
    if (again) this.#lookIn(LOOK_AGAIN_MS)
  }

  close(): void {
    this.#closed = true
    this.#timer?.cancel()
  }

  #lookIn(delayMs: number): void {
    if (this.#closed) return
    // The one that is set comes within a second; an event is worth looking sooner.
    if (this.#timer !== undefined) {
      if (delayMs >= LOOK_AT_MOST_EVERY_MS) return
      this.#timer.cancel()
    }
    const run = (): void => {
      this.#timer = undefined
      this.#look()
    }
    this.#timer = this.#clock.after(delayMs, run, { background: true })
  }
}
