/** How much goes on that perhaps holds no connection: it waits for its next try, or for word of its COMMIT. */
export class Unfinished {
  #count = 0
  #waiting: (() => void)[] = []

  get count(): number {
    return this.#count
  }

  begin(): void {
    this.#count += 1
  }

  end(): void {
    this.#count -= 1
    if (this.#count > 0) return
    for (const tell of this.#waiting.splice(0)) tell()
  }

  /** Resolves when there is nothing. */
  none(): Promise<void> {
    if (this.#count === 0) return Promise.resolve()
    return new Promise((resolve) => this.#waiting.push(resolve))
  }
}
