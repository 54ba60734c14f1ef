import type { Random } from "@kysely-resilient/driver"

import type { Fault } from "./faults/fault.ts"
import { integer, seededRandom, shuffled } from "./random.ts"

/** What plays next. */
export interface Entry {
  /** One, or two at the same time. */
  readonly faults: readonly { readonly fault: Fault; readonly seed: number }[]
  /** How long everything is well before that, milliseconds. */
  readonly gapMs: number
}

const TOGETHER_RATIO = 0.3
const GAP_MAX_MS = 500
const SEEDS = 4_294_967_296

/**
 * The schedule of a seed, without an end: round after round of all faults, each round in an order of its own, sometimes two at
 * once. Depends on nothing but the seed.
 */
export function* scheduleOf(faults: readonly Fault[], seed: number): Generator<Entry> {
  const random = seededRandom(seed)
  for (;;) {
    const round = shuffled(faults, random)
    for (let fault = round.shift(); fault !== undefined; fault = round.shift()) {
      const first = fault
      const playing = [{ fault: first, seed: seedFrom(random) }]
      if (random() < TOGETHER_RATIO) {
        const other = round.findIndex((candidate) => together(first, candidate))
        const [second] = other === -1 ? [] : round.splice(other, 1)
        if (second !== undefined) playing.push({ fault: second, seed: seedFrom(random) })
      }
      yield { faults: playing, gapMs: integer(random, 0, GAP_MAX_MS) }
    }
  }
}

/** May these play at the same time? */
export function together({ claims: one }: Fault, { claims: other }: Fault): boolean {
  if (one === "alone" || other === "alone") return false
  return one === "nothing" || other === "nothing" || one !== other
}

function seedFrom(random: Random): number {
  return Math.floor(random() * SEEDS)
}
