/** Which text was last given with a name: the name alone will do after that, as with `pg`, whatever connection it meets. */
export class Names {
  readonly #texts = new Map<string, string>()

  textOf(name: string): string | undefined {
    return this.#texts.get(name)
  }

  note(name: string, text: string): void {
    this.#texts.delete(name)
    this.#texts.set(name, text)
    const [oldest] = this.#texts.keys()
    if (this.#texts.size > NAMES_MAX && oldest !== undefined) this.#texts.delete(oldest)
  }
}

/** A program has so many at most, unless it makes up a name for every call. */
const NAMES_MAX = 10_000
