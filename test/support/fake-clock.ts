import type { Clock, Timer, TimerOptions } from "@kysely-resilient/driver/src/foundation/clock.ts"

interface Scheduled {
  readonly at: number
  readonly background: boolean
  readonly run: () => void
}

/** Not zero, so that a moment and a duration cannot be mistaken for each other unnoticed. */
const STARTS_AT_MS = 1_000_000

const WALL_TIME_AT_START = Date.UTC(2026, 0, 1)

/**
 * Time that passes only when the test says so. A timer never runs inside `after`; those that are due at the same
 * moment run in the order in which they were set, and promises settle before and after each of them.
 */
export class FakeClock implements Clock {
  #now = STARTS_AT_MS
  readonly #timers = new Set<Scheduled>()

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return WALL_TIME_AT_START + this.#now - STARTS_AT_MS
  }

  after(delayMs: number, run: () => void, options?: TimerOptions): Timer {
    const timer = { at: this.#now + Math.max(0, delayMs), background: options?.background === true, run }
    this.#timers.add(timer)
    return { cancel: () => void this.#timers.delete(timer) }
  }

  /** Timers that are set and have neither run nor been cancelled. A foreground one keeps a process alive. */
  get timers(): { readonly foreground: number; readonly background: number } {
    const background = [...this.#timers].filter((timer) => timer.background).length
    return { foreground: this.#timers.size - background, background }
  }

  /** Lets `ms` milliseconds pass, stopping at each timer that falls due on the way. */
  async advance(ms: number): Promise<void> {
    const until = this.#now + ms
    await this.settle()
    for (let due = this.#firstDue(until); due !== undefined; due = this.#firstDue(until)) {
      this.#timers.delete(due)
      this.#now = Math.max(this.#now, due.at)
      due.run()
      await this.settle()
    }
    this.#now = until
  }

  /** Time passes and nothing runs, as when a process is starved or suspended: timers on the way are late. */
  jump(ms: number): void {
    this.#now += ms
  }

  /** Lets everything run that waits for promises only; no time passes. */
  async settle(): Promise<void> {
    await new Promise<void>((resolve) => {
      setImmediate(resolve)
    })
  }

  #firstDue(until: number): Scheduled | undefined {
    let first: Scheduled | undefined
    for (const timer of this.#timers) {
      if (timer.at <= until && (first === undefined || timer.at < first.at)) first = timer
    }
    return first
  }
}
