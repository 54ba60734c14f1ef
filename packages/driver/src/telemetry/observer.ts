import type { DriverEvent, Observer } from "./events.ts"

/**
 * Several observers as one. One that throws, or whose promise rejects, is counted and dropped: whatever watches a query
 * cannot break it, nor the process.
 */
export class Observers {
  readonly #observers: readonly Observer[]
  #failures = 0

  constructor(observers: readonly (Observer | undefined)[]) {
    this.#observers = observers.filter((observer) => observer !== undefined)
  }

  /** Ask before making an event: while it is false, telling costs nothing because nothing is made. */
  get listening(): boolean {
    return this.#observers.length > 0
  }

  /** How often an observer failed. */
  get failures(): number {
    return this.#failures
  }

  readonly observe: Observer = (event) => {
    for (const observer of this.#observers) this.#tell(observer, event)
  }

  #tell(observer: Observer, event: DriverEvent): void {
    try {
      // An async function passes for an Observer; its rejection would otherwise be nobody's and end the process.
      const returned: unknown = observer(event)
      if (returned instanceof Promise) returned.catch(this.#count)
    } catch {
      this.#count()
    }
  }

  readonly #count = (): void => {
    this.#failures += 1
  }
}
