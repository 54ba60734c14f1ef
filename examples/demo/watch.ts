import type { DriverEvent } from "@kysely-resilient/driver"

type Matches = (event: DriverEvent) => boolean

/** Waits for something to be told: how a fault finds out whether it really hit anything. */
export class Watch {
  readonly #waiting = new Set<(event: DriverEvent) => void>()

  tell(event: DriverEvent): void {
    for (const waiting of this.#waiting) waiting(event)
  }

  /** The first matching event from now on, or undefined if none comes within `withinMs`. Ask before hurting. */
  next(matches: Matches, withinMs: number): Promise<DriverEvent | undefined> {
    return new Promise((resolve) => {
      const settle = (event: DriverEvent | undefined) => {
        clearTimeout(timer)
        this.#waiting.delete(listen)
        resolve(event)
      }
      const listen = (event: DriverEvent) => {
        if (matches(event)) settle(event)
      }
      const timer = setTimeout(() => settle(undefined), withinMs)
      this.#waiting.add(listen)
    })
  }
}
