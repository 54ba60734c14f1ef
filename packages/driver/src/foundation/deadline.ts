import type { Clock } from "./clock.ts"

/**
 * One moment that everything done for one operation shares: waiting in line, connecting, every attempt
 * and every back-off. `undefined` where an operation has none.
 */
export interface Deadline {
  /** On the clock that made it. */
  readonly at: number
  /** How long it was when it began; for messages. */
  readonly limitMs: number
}

export function deadlineAfter(clock: Clock, limitMs: number): Deadline {
  return { at: clock.now() + limitMs, limitMs }
}

/** The earlier of two deadlines, either of which may be missing. */
export function earlier(a: Deadline | undefined, b: Deadline | undefined): Deadline | undefined {
  if (a === undefined) return b
  if (b === undefined) return a
  return a.at <= b.at ? a : b
}

/** Milliseconds left, never negative; Infinity without a deadline. */
export function remainingMs(clock: Clock, deadline: Deadline | undefined): number {
  return deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, deadline.at - clock.now())
}
