/** The end of a database, for whoever still waits for a callback by then. Any number may wait, and leave. */
export class Closing {
  readonly #waiting = new Set<() => void>()

  /** Calls `run` at the end; the function that is returned takes that back. */
  onEnd(run: () => void): () => void {
    this.#waiting.add(run)
    return () => this.#waiting.delete(run)
  }

  end(): void {
    for (const run of this.#waiting) run()
  }
}
