import type { Clock } from "../foundation/clock.ts"
import { SlidingWindow, type Slice } from "../telemetry/window.ts"

/** Fine enough that hardly anything is forgotten before its time. */
const SLICES = 20

class Tally implements Slice {
  failures = 0

  clear(): void {
    this.failures = 0
  }
}

/** Failures of the last `windowMs`, in buckets that are forgotten exactly when their time is up, however long it was quiet. */
export class FailureWindow {
  readonly #window: SlidingWindow<Tally>

  constructor(clock: Clock, windowMs: number) {
    this.#window = new SlidingWindow(clock, { windowMs, slices: SLICES, make: () => new Tally() })
  }

  add(): void {
    this.#window.current().failures += 1
  }

  get failures(): number {
    return this.#window.remembered().reduce((sum, { failures }) => sum + failures, 0)
  }

  clear(): void {
    for (const tally of this.#window.remembered()) tally.clear()
  }
}
