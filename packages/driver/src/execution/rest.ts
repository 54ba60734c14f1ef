import { serverIsAway } from "../failure/availability.ts"
import type { Failure } from "../failure/failure.ts"
import type { Wait } from "../policy/backoff.ts"
import type { Machine } from "./machine.ts"

/** A wait between two tries, and what made it necessary. */
export interface Rest extends Wait {
  readonly failure: Failure
  readonly signal?: AbortSignal | undefined
}

/**
 * Waits, holding no connection. Where the server was away the wait is over once it can be reached again, for which the
 * pool keeps trying, though not before `leastMs`. False if the caller gave up meanwhile. When the driver is closed it is
 * over at once: the pool will say so.
 */
export function rest(machine: Machine, { failure, leastMs, mostMs, signal }: Rest): Promise<boolean> {
  const { clock, closing, pool, unfinished } = machine
  return new Promise((resolve) => {
    if (signal?.aborted === true) return resolve(false)
    unfinished.begin()
    const startedAt = clock.now()
    const end = (waited: boolean): void => {
      timer.cancel()
      unwatch?.()
      signal?.removeEventListener("abort", onAbort)
      closing.removeEventListener("abort", onClose)
      unfinished.end()
      resolve(waited)
    }
    const onAbort = (): void => end(false)
    const onClose = (): void => end(true)
    const onReachable = (): void => {
      timer.cancel()
      timer = clock.after(startedAt + leastMs - clock.now(), () => end(true))
    }
    let timer = clock.after(closing.aborted ? 0 : mostMs, () => end(true))
    signal?.addEventListener("abort", onAbort)
    closing.addEventListener("abort", onClose)
    const unwatch = serverIsAway(failure) ? pool.whenReachable(onReachable) : undefined
  })
}
