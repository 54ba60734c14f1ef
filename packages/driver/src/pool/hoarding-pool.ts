import type { Outcome } from "../failure/failure.ts"
import type { Strikes } from "../policy/strikes.ts"
import { Pool, type AcquireOptions, type PoolParts } from "./pool.ts"

/** `buggify`'s pool: now and then somebody else is there first, and has all of its connections for a while. */
export class HoardingPool<T> extends Pool<T> {
  readonly #parts: PoolParts<T>
  readonly #strikes: Strikes

  constructor(parts: PoolParts<T>, strikes: Strikes) {
    super(parts)
    this.#parts = parts
    this.#strikes = strikes
  }

  override acquire(options?: AcquireOptions): Outcome<T> | Promise<Outcome<T>> {
    if (this.#strikes.strikes("pool-exhausted")) this.#hoard(this.#strikes.durationMs("pool-exhausted"))
    return super.acquire(options)
  }

  #hoard(forMs: number): void {
    const { max, leased, waiting } = this.stats()
    const held: T[] = []
    const over = new AbortController()
    for (let free = max - leased - waiting; free > 0; free -= 1) {
      void Promise.resolve(super.acquire({ signal: over.signal })).then((acquired) => {
        if (acquired.ok) held.push(acquired.value)
      })
    }
    this.#parts.clock.after(forMs, () => {
      over.abort()
      for (const resource of held) this.giveBack(resource, "keep")
    })
  }
}
