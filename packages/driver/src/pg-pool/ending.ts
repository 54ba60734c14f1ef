import type { Clock } from "../foundation/clock.ts"

/** A client that is held for so long and does nothing is taken for forgotten. */
const FORGOTTEN_MS = 10_000

interface Worker {
  readonly working: boolean
}

/**
 *   open ──begin()──▶ ending ──everybody has left──▶ over
 *
 * `end()` waits for what is running, however long it takes, and for clients that are still held; but not for ever for one that nobody
 * uses.
 */
export class Ending {
  readonly #clock: Clock
  readonly #close: () => Promise<void>
  readonly #clients = new Set<Worker>()
  #inside = 0
  #begun = false
  #over = false
  #onEmpty: (() => void) | undefined

  constructor(clock: Clock, close: () => Promise<void>) {
    this.#clock = clock
    this.#close = close
  }

  get begun(): boolean {
    return this.#begun
  }

  get over(): boolean {
    return this.#over
  }

  /** What is returned says that whoever came in has left; more than once is once. */
  enter(): () => void {
    let inside = true
    this.#inside += 1
    return () => {
      if (!inside) return
      inside = false
      this.#inside -= 1
      this.#look()
    }
  }

  hold(client: Worker): () => void {
    this.#clients.add(client)
    const left = this.enter()
    return () => {
      this.#clients.delete(client)
      left()
    }
  }

  async during<T>(work: () => Promise<T>): Promise<T> {
    const left = this.enter()
    try {
      return await work()
    } finally {
      left()
    }
  }

  async begin(): Promise<void> {
    this.#begun = true
    await new Promise<void>((resolve) => {
      this.#onEmpty = resolve
      this.#look()
      this.#watch()
    })
    await this.#close()
    this.#over = true
  }

  #look(): void {
    if (this.#inside === 0) this.#onEmpty?.()
  }

  /** Are there only clients left of whom nothing was heard since the last look? */
  #watch(): void {
    const idle = this.#idleClients()
    this.#clock.after(
      FORGOTTEN_MS,
      () => {
        const still = this.#idleClients()
        const forgotten = still.length === this.#inside && still.every((client) => idle.includes(client))
        if (forgotten) this.#onEmpty?.()
        else this.#watch()
      },
      { background: true },
    )
  }

  #idleClients(): readonly Worker[] {
    return [...this.#clients].filter((client) => !client.working)
  }
}
