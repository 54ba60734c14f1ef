/** Enough for the raw texts of one application; a text forgotten costs one refused flight. */
const TEXTS_MAX = 1_000

/** Texts about which the server has taught us something: they travel as it likes them from the first try on. */
export class KnownTexts {
  readonly #texts = new Set<string>()

  has(sql: string): boolean {
    return this.#texts.has(sql)
  }

  remember(sql: string): void {
    if (this.#texts.has(sql)) return
    if (this.#texts.size >= TEXTS_MAX) {
      const [oldest] = this.#texts
      if (oldest !== undefined) this.#texts.delete(oldest)
    }
    this.#texts.add(sql)
  }
}
