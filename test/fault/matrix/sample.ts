/** `pnpm matrix` sets it: every cell, which takes long. Else a few of each part. */
export const ALL: boolean = process.env["KYSELY_RESILIENT_MATRIX"] === "all"
export const SEED: number = Number(process.env["KYSELY_RESILIENT_MATRIX_SEED"] ?? Date.now() % 1_000_000)

/** A reproducible choice. The seed is in the name of the test that uses it. */
export class Chance {
  #state: number

  constructor(seed: number) {
    this.#state = seed >>> 0
  }

  /** From 0 up to, and without, `below`. */
  below(limit: number): number {
    // A linear congruential generator (Numerical Recipes' numbers): nobody's security depends on it.
    this.#state = (Math.imul(this.#state, 1_664_525) + 1_013_904_223) >>> 0
    return Math.floor((this.#state / 2 ** 32) * limit)
  }

  /** So many of them, or all if there are not more, in their own order. */
  some<T>(items: readonly T[], count: number): readonly T[] {
    const left = items.map((_, index) => index)
    const chosen: number[] = []
    while (chosen.length < count && left.length > 0) chosen.push(...left.splice(this.below(left.length), 1))
    return chosen.toSorted((a, b) => a - b).flatMap((index) => items.slice(index, index + 1))
  }
}
