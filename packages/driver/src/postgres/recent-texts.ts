/**
 * What was worked out about a text, for as long as it is in use. An application has some hundred texts and sends them
 * for ever; those with values written into them come once and would pile up. So there are two generations: whatever is
 * asked for moves to the younger one, and when that is full the older one is dropped.
 */
export class RecentTexts<T> {
  readonly #entriesMax: number
  readonly #lengthMax: number
  #young = new Map<string, T>()
  #old = new Map<string, T>()

  /** Keeps at most twice `entriesMax` texts of at most `lengthMax` characters: their product bounds the memory. */
  constructor(limits: { readonly entriesMax: number; readonly lengthMax: number }) {
    this.#entriesMax = limits.entriesMax
    this.#lengthMax = limits.lengthMax
  }

  get size(): number {
    return this.#young.size + this.#old.size
  }

  get(text: string): T | undefined {
    const known = this.#young.get(text)
    if (known !== undefined) return known
    const older = this.#old.get(text)
    if (older !== undefined) this.#keep(text, older)
    return older
  }

  set(text: string, value: T): void {
    if (text.length <= this.#lengthMax) this.#keep(text, value)
  }

  #keep(text: string, value: T): void {
    if (this.#young.size >= this.#entriesMax) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(text, value)
  }
}

/** Ten times what a large application has; with texts as long as they may be, 16 MB per cache, in practice below one. */
export const TEXTS_KEPT = { entriesMax: 1_000, lengthMax: 8_192 } as const
