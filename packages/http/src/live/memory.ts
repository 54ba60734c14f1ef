/** Something that was sent, as it was encoded for everybody. */
export interface Remembered {
  readonly sequence: number
  /** When, on a clock that only goes forward, milliseconds. */
  readonly at: number
  readonly bytes: Uint8Array
}

export interface MemoryLimits {
  readonly ageMs: number
  readonly bytesMax: number
}

/** What was sent lately, in order: bounded in age and in bytes. Sequence numbers have no holes. */
export class Memory {
  readonly #limits: MemoryLimits
  #kept: Remembered[] = []
  /** What is before this has been forgotten, and is cut off now and then. */
  #first = 0
  #bytes = 0
  #next = 1

  constructor(limits: MemoryLimits) {
    this.#limits = limits
  }

  /** Under which number the next one will be kept. */
  get next(): number {
    return this.#next
  }

  keep(bytes: Uint8Array, at: number): void {
    this.#kept.push({ sequence: this.#next, at, bytes })
    this.#next += 1
    this.#bytes += bytes.length
    this.#forget(at)
  }

  /** Everything after this number that is still known; all of it if that number is none of ours. */
  after(sequence: number): readonly Remembered[] {
    const known = Number.isInteger(sequence) && sequence >= 0 && sequence < this.#next
    const oldest = this.#next - (this.#kept.length - this.#first)
    const skipped = known ? Math.max(0, sequence + 1 - oldest) : 0
    return this.#kept.slice(this.#first + skipped)
  }

  #forget(now: number): void {
    const { ageMs, bytesMax } = this.#limits
    for (;;) {
      const oldest = this.#kept[this.#first]
      // The last one stays, whatever its size.
      if (oldest === undefined || this.#first === this.#kept.length - 1) break
      if (now - oldest.at <= ageMs && this.#bytes <= bytesMax) break
      this.#bytes -= oldest.bytes.length
      this.#first += 1
    }
    if (this.#first > 256 && this.#first * 2 > this.#kept.length) {
      this.#kept = this.#kept.slice(this.#first)
      this.#first = 0
    }
  }
}
