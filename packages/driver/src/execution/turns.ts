/** One after the other, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #unsettled = 0

  /** Is anything running or waiting? */
  get busy(): boolean {
    return this.#unsettled > 0
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    const last = this.#last
    const first = this.#unsettled === 0
    this.#unsettled += 1
    let settled = (): void => {}
    // Before it begins: what asks for a turn while it does comes behind it.
    this.#last = new Promise<void>((resolve) => (settled = resolve))
    const running = first ? this.#run(work) : last.then(() => this.#run(work))
    running.then(settled, settled)
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

  async #run<T>(work: () => Promise<T>): Promise<T> {
    try {
      return await work()
    } finally {
      this.#unsettled -= 1
    }
  }
}
