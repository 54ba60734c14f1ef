import { BUGGIFY_KINDS, type BuggifyKind } from "../foundation/buggify-kind.ts"

export interface BuggifyPlan {
  readonly seed: number
  readonly probability: number
  readonly kinds: readonly BuggifyKind[]
  /** The longest that a slow answer, or somebody else's hold on the pool, lasts. */
  readonly slowMs: number
}

/**
 * Says at which occasions trouble strikes. The nth occasion of a kind is decided by the seed, the kind and n alone: not
 * by what the other kinds do, or by which of two callers was a little faster.
 */
export class Strikes {
  readonly #plan: BuggifyPlan
  readonly #tell: (kind: BuggifyKind, connectionId: number | undefined) => void
  readonly #occasions = new Map<BuggifyKind, number>()

  /** @param tell is told of each strike, just before it is done */
  constructor(plan: BuggifyPlan, tell: (kind: BuggifyKind, connectionId: number | undefined) => void) {
    this.#plan = plan
    this.#tell = tell
  }

  /** Here is an occasion; is it one to strike at? */
  strikes(kind: BuggifyKind, connectionId?: number): boolean {
    const { seed, probability, kinds } = this.#plan
    if (!kinds.includes(kind)) return false
    const nth = (this.#occasions.get(kind) ?? 0) + 1
    this.#occasions.set(kind, nth)
    if (chance(seed, kind, nth) >= probability) return false
    this.#tell(kind, connectionId)
    return true
  }

  /** How long the strike just made lasts: from 1 ms to `slowMs`. */
  durationMs(kind: BuggifyKind): number {
    const { seed, slowMs } = this.#plan
    return 1 + chance(~seed, kind, this.#occasions.get(kind) ?? 0) * (slowMs - 1)
  }
}

/** In [0, 1), evenly, and the same for the same three: each is mixed in and spread over all bits (murmur3's finaliser). */
function chance(seed: number, kind: BuggifyKind, nth: number): number {
  let state = spread(seed)
  state = spread(state ^ (BUGGIFY_KINDS.indexOf(kind) + 1))
  state = spread(state ^ nth)
  return (state >>> 0) / 4_294_967_296
}

function spread(bits: number): number {
  let state = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b)
  state = Math.imul(state ^ (state >>> 13), 0xc2b2ae35)
  return (state ^ (state >>> 16)) + 0x9e3779b9
}
