/** A timer that was started; cancelling it twice, or after it fired, does nothing. */
export interface Timer {
  cancel(): void
}

export interface TimerOptions {
  /** A background timer (upkeep, idle time-outs) does not keep the process alive. Default false. */
  readonly background?: boolean
}

/** Time as a parameter: nothing else in this package reads a clock or sets a timer. */
export interface Clock {
  /** Milliseconds that only go forward; only differences mean something. */
  now(): number
  /** Milliseconds since the epoch, for people and logs. */
  wallTime(): number
  after(delayMs: number, run: () => void, options?: TimerOptions): Timer
}

/** Chance as a parameter: a number in [0, 1). */
export type Random = () => number

/** The longest delay that Node's timers accept; a longer one would fire at once. */
const LONGEST_DELAY_MS = 2_147_483_647

export const systemClock: Clock = {
  now: () => performance.now(),
  wallTime: () => Date.now(),
  after(delayMs, run, options) {
    const handle = setTimeout(run, Math.min(Math.max(delayMs, 0), LONGEST_DELAY_MS))
    if (options?.background === true) handle.unref()
    return { cancel: () => clearTimeout(handle) }
  },
}
