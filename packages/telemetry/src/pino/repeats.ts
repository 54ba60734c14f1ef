/** Lines that say the same are written once in so long. Milliseconds. */
const QUIET_MS = 10_000

/** So many different ones are remembered; with more going on at once, the oldest may be said again too early. */
const KEYS_MAX = 1_000

/** What was said lately, so that it is not said ten thousand times. Time is that of the events. */
export class Repeats {
  readonly #said = new Map<string, { at: number; suppressed: number }>()

  /** How many were held back since it was said last, if it may be said now; undefined if not. */
  admit(key: string, at: number): number | undefined {
    const before = this.#said.get(key)
    if (before !== undefined && at - before.at < QUIET_MS && at >= before.at) {
      before.suppressed += 1
      return undefined
    }
    this.#said.delete(key)
    this.#said.set(key, { at, suppressed: 0 })
    if (this.#said.size > KEYS_MAX) for (const oldest of this.#said.keys()) return this.#forget(oldest, before)
    return before?.suppressed ?? 0
  }

  #forget(oldest: string, before: { readonly suppressed: number } | undefined): number {
    this.#said.delete(oldest)
    return before?.suppressed ?? 0
  }
}
