/**
 * Seeded chance (the sfc32 generator). `fork` makes an independent stream by name, so that what one part of a run draws does not
 * shift what another part draws: a schedule that has been shrunk still resembles the one it came from.
 */
export class Chance {
  readonly #seed: number
  #a: number
  #b: number
  #c: number
  #counter = 1

  constructor(seed: number) {
    this.#seed = seed >>> 0
    this.#a = 0x9e37_79b9 ^ this.#seed
    this.#b = 0x243f_6a88 + this.#seed
    this.#c = 0xb7e1_5162 ^ Math.imul(this.#seed, 0x85eb_ca6b)
    for (let round = 0; round < 12; round += 1) this.next()
  }

  fork(name: string): Chance {
    let hash = this.#seed ^ 0x811c_9dc5
    for (let at = 0; at < name.length; at += 1) hash = Math.imul(hash ^ name.charCodeAt(at), 0x0100_0193)
    return new Chance(hash)
  }

  /** In [0, 1). */
  readonly next = (): number => {
    const sum = (((this.#a + this.#b) | 0) + this.#counter) | 0
    this.#counter = (this.#counter + 1) | 0
    this.#a = this.#b ^ (this.#b >>> 9)
    this.#b = (this.#c + (this.#c << 3)) | 0
    this.#c = (((this.#c << 21) | (this.#c >>> 11)) + sum) | 0
    return (sum >>> 0) / 4_294_967_296
  }

  maybe(probability: number): boolean {
    return this.next() < probability
  }

  /** In [from, to). */
  between(from: number, to: number): number {
    return from + this.next() * (to - from)
  }

  /** A whole number from `from` to `to`, both included. */
  whole(from: number, to: number): number {
    return from + Math.floor(this.next() * (to - from + 1))
  }

  pick<T>(list: readonly [T, ...T[]]): T {
    return list[Math.floor(this.next() * list.length)] ?? list[0]
  }

  /** One of those that are there; undefined of none. */
  any<T>(list: readonly T[]): T | undefined {
    return list[Math.floor(this.next() * list.length)]
  }
}
