import type { Clock, Deadline } from "@kysely-resilient/driver"

import type { Closing } from "../foundation/closing.ts"

export function remainingMs(clock: Clock, deadline: Deadline): number {
  return Math.max(0, deadline.at - clock.now())
}

/** How waiting for something ended, if not with the thing itself. */
export type GivenUp = { readonly end: "deadline" } | { readonly end: "aborted" } | { readonly end: "closed" }

/** The end of the work, of the caller's patience, or of the database, whichever is first. `work` must not reject. */
export function endOf<T>(
  work: Promise<T>,
  clock: Clock,
  deadline: Deadline | undefined,
  signal: AbortSignal | undefined,
  closing?: Closing,
): Promise<T | GivenUp> {
  if (signal?.aborted === true) return Promise.resolve({ end: "aborted" })
  return new Promise((resolve) => {
    const finish = (end: T | GivenUp): void => {
      timer?.cancel()
      signal?.removeEventListener("abort", onAbort)
      stay?.()
      resolve(end)
    }
    const onAbort = (): void => finish({ end: "aborted" })
    const timer = deadline && clock.after(remainingMs(clock, deadline), () => finish({ end: "deadline" }))
    signal?.addEventListener("abort", onAbort, { once: true })
    const stay = closing?.onEnd(() => finish({ end: "closed" }))
    void work.then(finish)
  })
}
