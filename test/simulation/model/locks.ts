/** Who holds what, and who waits for it. */
export class Locks<T> {
  readonly #locks = new Map<string, { holder: T; readonly waiting: T[] }>()
  readonly #wake: (one: T) => void

  constructor(wake: (one: T) => void) {
    this.#wake = wake
  }

  get size(): number {
    return this.#locks.size
  }

  /** True if it is his now, or was already. */
  take(key: string, by: T): boolean {
    const lock = this.#locks.get(key)
    if (lock === undefined) {
      this.#locks.set(key, { holder: by, waiting: [] })
      return true
    }
    return lock.holder === by
  }

  wait(key: string, by: T): void {
    this.#locks.get(key)?.waiting.push(by)
  }

  stopWaiting(by: T): void {
    for (const { waiting } of this.#locks.values()) {
      const at = waiting.indexOf(by)
      if (at >= 0) waiting.splice(at, 1)
    }
  }

  release(by: T): void {
    for (const [key, { holder, waiting }] of this.#locks) {
      if (holder !== by) continue
      this.#locks.delete(key)
      for (const one of waiting) this.#wake(one)
    }
  }

  holderOf(key: string): T | undefined {
    return this.#locks.get(key)?.holder
  }

  /** Does everybody in this circle wait for the next? */
  deadlocked(by: T): boolean {
    const seen = new Set<T>()
    for (let one: T | undefined = this.#blockerOf(by); one !== undefined; one = this.#blockerOf(one)) {
      if (one === by) return true
      if (seen.has(one)) return false
      seen.add(one)
    }
    return false
  }

  clear(): void {
    this.#locks.clear()
  }

  #blockerOf(waiter: T): T | undefined {
    for (const { holder, waiting } of this.#locks.values()) if (waiting.includes(waiter)) return holder
    return undefined
  }
}
