import type { Random } from "@kysely-resilient/driver"

import type { Desk } from "../desk.ts"
import type { Store } from "../store.ts"

/** Who does it, and with what. */
export interface Caller {
  readonly worker: number
  readonly store: Store
  readonly desk: Desk
  readonly random: Random
}

/** One kind of operation that callers do again and again. */
export interface Job {
  /** How often, compared with the others. */
  readonly weight: number
  readonly run: (caller: Caller) => Promise<unknown>
}
