/** One after the other, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #unsettled = 0

  /** Is anything running or waiting? */
  get busy(): boolean {
    return this.#unsettled > 0
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    this.#unsettled += 1
    const running = this.#unsettled === 1 ? work() : this.#last.then(work)
    // Before whoever asked goes on: he must find it free.
    this.#last = running.then(this.#over, this.#over)
    return running
  }

  /** Waits for its turn and keeps it until the returned function is called. */
  hold(): Promise<() => void> {
    return new Promise((resolve) => {
      void this.take(() => new Promise<void>((letGo) => resolve(letGo)))
    })
  }

  /** Resolves when nothing is running or waiting any more. */
  async drained(): Promise<void> {
    while (this.#unsettled > 0) await this.#last
  }

  readonly #over = (): void => {
    this.#unsettled -= 1
  }
}
