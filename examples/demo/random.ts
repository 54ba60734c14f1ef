import type { Random } from "@kysely-resilient/driver"

/** A whole run in one number: the same seed gives the same sequence on every machine (mulberry32). */
export function seededRandom(seed: number): Random {
  let state = seed >>> 0
  return () => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

/** A whole number from 0 up to, but not including, `below`. */
export function integerBelow(random: Random, below: number): number {
  return Math.floor(random() * below)
}

/** Fisher-Yates, on a copy. */
export function shuffled<T>(items: readonly T[], random: Random): T[] {
  const result = [...items]
  for (let last = result.length - 1; last > 0; last--) {
    const other = integerBelow(random, last + 1)
    const item = result[last]!
    result[last] = result[other]!
    result[other] = item
  }
  return result
}
