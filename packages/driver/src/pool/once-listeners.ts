/** Those who want to hear of something once. */
export class OnceListeners {
  readonly #waiting = new Set<() => void>()

  get size(): number {
    return this.#waiting.size
  }

  /** Gives back how to stop. */
  add(listener: () => void): () => void {
    // The same one twice is two.
    const own = (): void => listener()
    this.#waiting.add(own)
    return () => void this.#waiting.delete(own)
  }

  /** It has happened; whoever takes them tells them, when it may be told. */
  take(): readonly (() => void)[] {
    if (this.#waiting.size === 0) return []
    const taken = [...this.#waiting]
    this.#waiting.clear()
    return taken
  }
}
