/** One after the other, in the order of asking. */
export class Turns {
  #last: Promise<unknown> = Promise.resolve()
  #unsettled = 0

  /** Is anything running or waiting? */
  get busy(): boolean {
    return this.#unsettled > 0
  }

  take<T>(work: () => Promise<T>): Promise<T> {
    const before = this.#last
    const first = this.#unsettled === 0
    this.#unsettled += 1
    // Before it begins: what asks for a turn while it does comes behind it.
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#last = promise
    const running = first ? begun(work) : before.then(work)
    // Before whoever asked goes on: he must find it free.
    const over = (): void => {
      this.#unsettled -= 1
      resolve()
    }
    void running.then(over, over)
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
}

/** `work()`, but what it throws at once is a rejection like any other. */
function begun<T>(work: () => Promise<T>): Promise<T> {
  try {
    return work()
  } catch (thrown) {
    return Promise.reject(thrown)
  }
}
