import type { Clock, Random } from "../foundation/clock.ts"
import type { Backoff } from "../policy/backoff.ts"
import type { Breaker } from "../policy/breaker.ts"
import type { Budget } from "../policy/budget.ts"
import type { Resolution } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { OrphanPolicy } from "../postgres/repair.ts"
import type { Pool } from "../pool/pool.ts"
import type { Told } from "../telemetry/events.ts"
import type { DatabaseIdentity } from "../telemetry/identity.ts"
import type { Resolver } from "../resolution/resolver.ts"
import type { Watch } from "../resolution/watch.ts"
import type { KnownTexts } from "./known-texts.ts"
import type { SqlComments } from "./sql-comments.ts"
import type { Unfinished } from "./unfinished.ts"

/** What every lease and every plan of one engine shares. */
export interface Machine {
  readonly pool: Pool<PgConnection>
  readonly database: DatabaseIdentity
  readonly clock: Clock
  readonly random: Random
  readonly emit: (event: Told) => void
  /** Texts that looked like reads, and that the server refused to run in a read-only transaction (25006). */
  readonly knownWrites: KnownTexts
  /** Writes whose rows cannot be counted in the same statement. */
  readonly uncounted: KnownTexts
  /** Undefined: statements say nothing of who sends them. */
  readonly comments: SqlComments | undefined
  readonly budget: Budget
  readonly breaker: Breaker
  readonly limits: {
    readonly queryMs: number | undefined
    readonly cancelMs: number
    /** Undefined: never told of. */
    readonly heldTooLongMs?: number | undefined
    readonly attemptsMax: number
    readonly retry: boolean
    readonly slow: Backoff
    readonly quick: Backoff
  }
  readonly orphanedTransaction: OrphanPolicy
  readonly resolution: Resolution
  /** False: a lone write travels in one flight, and what became of it is not found out. */
  readonly resolveAutocommit: boolean
  readonly resolver: Pick<Resolver, "resolve">
  /** Told of every statement that is sent. */
  readonly watch: Pick<Watch<PgConnection>, "begin">
  /** A key for one attempt's row in the marker table. */
  readonly markerId: () => string
  /** What a driver that is being closed waits for, beside what is in use. */
  readonly unfinished: Unfinished
  /** Aborts when the driver is closed and no longer waits for anybody: whoever rests need not rest any longer. */
  readonly closing: AbortSignal
}
