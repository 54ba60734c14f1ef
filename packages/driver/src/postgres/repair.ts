import { unreachable } from "../foundation/invariant.ts"
import type { TransactionStatus } from "./exchange.ts"

export type OrphanPolicy = "rollback" | "commit" | "discard"

/** Who left the transaction open: one of ours that did not reach COMMIT, or raw SQL, and whether all of its statements went well. */
export type LeftBy = "us" | "raw-unharmed" | "raw-failed"

export type Repair = "none" | "rollback" | "commit" | "discard"

/**
 * What to do with a connection that comes back with this transaction status (the byte in its last ReadyForQuery, so
 * that asking costs nothing). Only an unharmed transaction that raw SQL began can be committed, and only by the
 * user's wish: to commit anything else would publish half-done work.
 */
export function planRepair(status: TransactionStatus, leftBy: LeftBy, policy: OrphanPolicy): Repair {
  if (status === "I") return "none"
  if (leftBy === "us") return "rollback"
  switch (policy) {
    case "discard":
      return "discard"
    case "commit":
      return status === "T" && leftBy === "raw-unharmed" ? "commit" : "rollback"
    case "rollback":
      return "rollback"
    default:
      return unreachable(policy)
  }
}
