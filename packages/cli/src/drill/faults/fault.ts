import type { Random } from "@kysely-resilient/driver"
import type { FaultProxy } from "@kysely-resilient/testing"

import type { Admin } from "../admin.ts"
import type { Desk } from "../desk.ts"
import type { ServerHand } from "../server-hand.ts"
import type { Store } from "../store.ts"

/** What a fault can get at. */
export interface FaultContext {
  /** The callers' own; its connections go through the proxy. */
  readonly store: Store
  /** Straight to the server, for looking and hurting; not counted. */
  readonly admin: Admin
  /** Straight to the server too, as the callers' own role. */
  readonly visitor: Admin
  readonly server: ServerHand
  readonly proxy: FaultProxy
  readonly desk: Desk
  /** This playing's own: the same in every drill with this seed. */
  readonly random: Random
  readonly sleep: (ms: number) => Promise<unknown>
  /** No other fault plays at the same time: then it may hit more often, and nobody is hit more often than there are tries. */
  readonly alone: boolean
}

/**
 * What became of one playing.
 *
 * - `struck`: a message of a running operation was hit, or an operation of its own
 * - `hurt`: the server or the network was; it counts if an operation felt it
 * - `missed`: nothing was there to be hit
 */
export type Injection = "struck" | "hurt" | "missed"

/** What only one fault at a time can have in its hands. */
export type Claim = "server" | "network" | "callers"

export interface Fault {
  readonly name: string
  /** A few words for a row of the table. */
  readonly title: string
  /** Faults with different claims may play at the same time. `alone`: none may. */
  readonly claims: Claim | "nothing" | "alone"
  /** Hurts, and lifts what it did before it answers, whatever happens. */
  readonly inject: (context: FaultContext) => Promise<Injection>
}

/** The fault's own writes carry this in the ledger; callers count from 1. */
export const FAULT_WORKER = 0
