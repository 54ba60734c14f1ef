import type { Clock, Timer } from "./clock.ts"

interface Departure<T> {
  readonly items: Set<T>
  timer: Timer | undefined
}

/**
 * Many items, each due at a moment of its own, most of them removed before. Items due in the same millisecond share a
 * timer, so adding and removing take the same time whether there are ten or a hundred thousand.
 */
export class Timetable<T> {
  readonly #clock: Clock
  readonly #due: (item: T) => void
  /** By the first whole millisecond at which they are due: no timer knows better. */
  readonly #departures = new Map<number, Departure<T>>()

  constructor(clock: Clock, due: (item: T) => void) {
    this.#clock = clock
    this.#due = due
  }

  /** `at` is on its clock; with Infinity it is never due. */
  add(at: number, item: T): void {
    const millisecond = Math.ceil(at)
    const departure = this.#departures.get(millisecond)
    if (departure !== undefined) departure.items.add(item)
    else this.#departures.set(millisecond, this.#schedule(millisecond, new Set([item])))
  }

  /** With the `at` it was added with. */
  remove(at: number, item: T): void {
    const millisecond = Math.ceil(at)
    const departure = this.#departures.get(millisecond)
    if (departure === undefined || !departure.items.delete(item) || departure.items.size > 0) return
    departure.timer?.cancel()
    this.#departures.delete(millisecond)
  }

  #schedule(millisecond: number, items: Set<T>): Departure<T> {
    const departure: Departure<T> = { items, timer: undefined }
    const wait = (): void => {
      departure.timer = this.#clock.after(millisecond - this.#clock.now(), () => {
        // A clock has a longest delay; one that is longer still takes several.
        if (this.#clock.now() + 1 < millisecond) return wait()
        // Whoever is told may remove or add others meanwhile.
        for (const item of items) {
          items.delete(item)
          this.#due(item)
        }
        if (this.#departures.get(millisecond) === departure) this.#departures.delete(millisecond)
      })
    }
    wait()
    return departure
  }
}
