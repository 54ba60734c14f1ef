import type { Failure, Outcome } from "../failure/failure.ts"
import type { DiscardReason } from "../telemetry/events.ts"

/** What the pool needs from whoever knows the things it pools. It knows nothing of PostgreSQL. */
export interface Resources<T> {
  /** Opens one. Never rejects. `onLost` is called at most once, when it dies by itself later, in use or idle. */
  open(onLost: (resource: T) => void): Promise<Outcome<T>>
  /** Its name in events; unique among those of one pool. */
  idOf(resource: T): number
  /** Is it still good after a long rest? A round trip, bounded by the implementation. Never rejects. */
  check(resource: T): Promise<boolean>
  /** May it go back to the idle ones right now? Synchronous; a busy or broken one may not. */
  reusable(resource: T): boolean
  /** How often it was put to use so far; undefined while it is at work. Default: it never is. */
  activity?(resource: T): number | undefined
  /** Why it died by itself, if it did and that is known. Default: it never is. */
  deathOf?(resource: T): Failure | undefined
  /**
   * Closes it for good; each one that was opened exactly once, those that died by themselves too. Never throws; how
   * long the socket takes is not the pool's business.
   */
  close(resource: T, reason: DiscardReason): void
  /** Puts an unused one to rest (it no longer keeps the process alive) and wakes it again. */
  rest(resource: T): void
  wake(resource: T): void
}
