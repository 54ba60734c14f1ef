import type { DriverEvent, Observer } from "@kysely-resilient/driver"

/** Whoever wants to know what happens in one database, at any time of its life. One that throws is dropped for that event. */
export class Audience {
  /** Replaced, not changed: whoever joins or leaves while an event is being told counts from the next one. */
  #listeners: readonly Observer[] = []

  /** The function that is returned takes it back; calling that again does nothing. */
  join(listener: Observer): () => void {
    // One may join twice, and leave once for each.
    const member: Observer = (event) => listener(event)
    this.#listeners = [...this.#listeners, member]
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== member)
    }
  }

  readonly tell = (event: DriverEvent): void => {
    for (const listener of this.#listeners) {
      try {
        // An async function passes for a listener; its rejection would otherwise be nobody's.
        const returned: unknown = listener(event)
        if (returned instanceof Promise) returned.catch(() => {})
      } catch {
        // Whatever watches a query cannot break it.
      }
    }
  }
}
