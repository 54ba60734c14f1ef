import type { Random } from "@kysely-resilient/driver"
import type { FaultProxy, OwnServer } from "@kysely-resilient/testing"

import type { Store } from "../app/store.ts"
import type { Desk } from "../desk.ts"
import type { Finished } from "../operation.ts"
import type { Watch } from "../watch.ts"

/** What a fault can get at. */
export interface FaultContext {
  /** The application's own; its connections go through the proxy. */
  readonly store: Store
  /** Straight to the server, for looking and hurting; not counted. */
  readonly admin: Store
  readonly server: Pick<OwnServer, "crashBackend" | "ready">
  readonly proxy: Pick<FaultProxy, "rule">
  readonly desk: Desk
  /** Accounts that nobody else touches. */
  readonly rivals: readonly number[]
  /** What the application's driver tells. */
  readonly watch: Watch
  readonly random: Random
  /** The scoreboard's clock. */
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
}

/** One try. It counts only if an operation was really under way on what was hurt; how that is seen is the fault's own matter. */
export type Injection =
  | { readonly hit: false }
  | {
      readonly hit: true
      /** When it stopped hurting. */
      readonly liftedAt: number
      /** Which success shows that what was hurt works again. */
      readonly recoveredBy: (operation: Finished) => boolean
    }

export interface Fault {
  readonly name: string
  /** A few words for a row of the table. */
  readonly title: string
  readonly inject: (context: FaultContext) => Promise<Injection>
}

export const missed: Injection = { hit: false }
