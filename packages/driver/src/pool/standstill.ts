import type { Holder } from "./waiters.ts"

/**
 * Everything is in the hands of somebody who waits for one more, and who therefore gives nothing back. That is what the
 * pool sees; whether he really waits, or has asked for something in passing and goes on with what he has, only time tells.
 * As long as this number stays the same, nobody has gone on.
 */
export function standstillOf<T>(
  leased: readonly T[],
  holders: readonly Holder[],
  activityOf: (resource: T) => number | undefined,
): number | undefined {
  let activity = 0
  for (const resource of leased) {
    const own = activityOf(resource)
    if (own === undefined || !holders.some((holder) => holder.holds(resource))) return undefined
    activity += own
  }
  return activity
}

/** So long nobody goes on before it is a standstill: a callback that does not wait for what it has asked for does so at once. */
export const STANDSTILL_MS = 100

export class StandstillWatch {
  /** Since when nobody goes on, and how far everybody had come then. */
  #seen: { readonly since: number; readonly activity: number } | undefined

  /** Takes what `standstillOf` sees now. True if it has lasted long enough; then it begins anew. */
  lasts(activity: number | undefined, now: number): boolean {
    if (activity !== undefined && this.#seen?.activity === activity) {
      if (now - this.#seen.since < STANDSTILL_MS) return false
      this.#seen = undefined
      return true
    }
    this.#seen = activity === undefined ? undefined : { since: now, activity }
    return false
  }
}
