/** When the line is cut short. */
export interface SheddingRules {
  /** The longest wait of whoever is served then, milliseconds. */
  readonly targetMs: number
  /** A line that has been there for so long without a break is no burst any more, milliseconds. */
  readonly intervalMs: number
}

/**
 * Must the first in line give way to those behind? Controlled delay (CoDel, RFC 8289), as it is done for requests and not for packets:
 * nobody who waits slows down for having been dropped, so that under lasting overload everybody goes whose wait is above the target. In
 * a line that is always served in order all would wait for as long as their patience lasts, and be served when they have lost it.
 *
 * @param standingMs since the line was empty
 */
export function sheds(rules: SheddingRules, standingMs: number, waitedMs: number): boolean {
  return standingMs >= rules.intervalMs && waitedMs > rules.targetMs
}
