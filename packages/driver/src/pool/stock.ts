import type { Resources } from "./resources.ts"
import type { Slot } from "./slot.ts"

interface StockParts<T> {
  readonly resources: Resources<T>
  readonly options: { readonly keepAlive: boolean }
}

export interface Placed<T> {
  readonly slot: Slot<T>
  readonly place: "idle" | "checking" | "leased"
}

/**
 * What is open. Each slot is in exactly one of three lists, or in the hands of the pool that took it out of one:
 *
 *   idle ◀──▶ checking      idle ◀──▶ leased
 */
export class Stock<T> {
  readonly #parts: StockParts<T>
  /** A stack: what was used last is used next, so that those nobody needs grow old at the bottom. */
  readonly #idle: Slot<T>[] = []
  readonly #checking = new Map<T, Slot<T>>()
  readonly #leased = new Map<T, Slot<T>>()

  constructor(parts: StockParts<T>) {
    this.#parts = parts
  }

  get size(): number {
    return this.#idle.length + this.#checking.size + this.#leased.size
  }

  get idle(): readonly Slot<T>[] {
    return this.#idle
  }

  get checking(): number {
    return this.#checking.size
  }

  get leased(): number {
    return this.#leased.size
  }

  /** What callers hold at this moment. */
  leasedResources(): T[] {
    return [...this.#leased.keys()]
  }

  /** On top of the stack, awake as it is. */
  shelve(slot: Slot<T>): void {
    this.#idle.push(slot)
  }

  /** An idle one that nobody took at once need not keep the process alive. */
  rest(slot: Slot<T>): void {
    if (this.#parts.options.keepAlive || slot.resting) return
    slot.resting = true
    this.#parts.resources.rest(slot.resource)
  }

  /** The idle one that was last known to work. */
  get top(): Slot<T> | undefined {
    return this.#idle.at(-1)
  }

  takeTop(): Slot<T> | undefined {
    return this.#idle.pop()
  }

  /** From the bottom of the stack. */
  takeBottom(count: number): Slot<T>[] {
    return this.#idle.splice(0, Math.max(0, count))
  }

  /** Idle ones are to be checked before somebody gets them. */
  suspect(): void {
    for (const slot of this.#idle) slot.provenAt = Number.NEGATIVE_INFINITY
  }

  /** Idle ones that have not been known to work since that moment. */
  takeUnprovenSince(moment: number): Slot<T>[] {
    const proven = this.#idle.findIndex((slot) => slot.provenAt > moment)
    return this.#idle.splice(0, proven < 0 ? this.#idle.length : proven)
  }

  /** All that no caller holds. */
  takeUnused(): Slot<T>[] {
    const unused = [...this.#idle.splice(0), ...this.#checking.values()]
    this.#checking.clear()
    return unused
  }

  takeIdle(resource: T): Slot<T> | undefined {
    const index = this.#idle.findIndex((slot) => slot.resource === resource)
    return index < 0 ? undefined : this.#idle.splice(index, 1)[0]
  }

  lease(slot: Slot<T>, now: number): T {
    slot.leasedAt = now
    this.#leased.set(slot.resource, slot)
    this.#wake(slot)
    return slot.resource
  }

  leaseOf(resource: T): Slot<T> | undefined {
    return this.#leased.get(resource)
  }

  /** Every slot, and in which list it is. */
  *all(): IterableIterator<Placed<T>> {
    for (const slot of this.#idle) yield { slot, place: "idle" }
    for (const slot of this.#checking.values()) yield { slot, place: "checking" }
    for (const slot of this.#leased.values()) yield { slot, place: "leased" }
  }

  expiredLeases(now: number): number {
    let count = 0
    for (const { expiresAt } of this.#leased.values()) if (now >= expiresAt) count += 1
    return count
  }

  endLease(resource: T): Slot<T> | undefined {
    const slot = this.#leased.get(resource)
    this.#leased.delete(resource)
    return slot
  }

  startCheck(slot: Slot<T>): void {
    this.#checking.set(slot.resource, slot)
    this.#wake(slot)
  }

  /** Undefined if it is not being checked, or no longer. */
  endCheck(resource: T): Slot<T> | undefined {
    const slot = this.#checking.get(resource)
    this.#checking.delete(resource)
    return slot
  }

  #wake(slot: Slot<T>): void {
    if (!slot.resting) return
    slot.resting = false
    this.#parts.resources.wake(slot.resource)
  }
}
