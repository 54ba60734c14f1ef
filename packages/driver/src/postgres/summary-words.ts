/** The conventions' limit of `db.query.summary`, in characters. */
const LENGTH_MAX = 255

/**
 * Collects a summary's words: operations, each with the tables that it is about, in the order of the statement. What an operation has
 * named already is not named again, and an operation that follows its like goes on with it: `SELECT a b`, and not `SELECT a SELECT b`.
 */
export class SummaryWords {
  #text = ""
  #operation = ""
  readonly #targets = new Set<string>()
  #full = false

  get empty(): boolean {
    return this.#text === ""
  }

  get text(): string {
    return this.#text
  }

  operation(name: string): void {
    if (name === this.#operation) return
    this.#operation = name
    this.#targets.clear()
    this.#add(name)
  }

  target(name: string): void {
    if (this.#targets.has(name)) return
    this.#targets.add(name)
    this.#add(name)
  }

  /** Whole words only, and none after the first that has no room: a summary with a hole in it would be another statement's. */
  #add(word: string): void {
    const longer = this.#text === "" ? word : `${this.#text} ${word}`
    this.#full ||= longer.length > LENGTH_MAX
    if (!this.#full) this.#text = longer
  }
}
