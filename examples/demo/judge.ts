import type { StoreError } from "./app/store.ts"
import type { Told } from "./ledger.ts"
import type { OperationKind } from "./operation.ts"

/** The part of an error that decides. */
type Judged = Pick<StoreError, "effect" | "category" | "kind">

/**
 * By category, what nobody could have spared the caller: what it did wrong itself, and what somebody else ended on purpose. Strict:
 * every entry is chosen once and for all, so even a duplicate key is ours to explain, and everything that is not here should have been
 * hidden.
 */
const NEEDED: Readonly<Record<StoreError["category"], readonly StoreError["kind"][]>> = {
  constraint: ["check_violation"],
  conflict: ["transaction_aborted"],
  limit: ["query_canceled", "statement_timeout"],
  request: ["data_exception", "raised_exception"],
  availability: [],
  result: [],
  bug: [],
}

const TOLD: Readonly<Record<StoreError["effect"], Exclude<Told, "pending">>> = {
  not_applied: "failed",
  applied: "ok",
  applied_locally: "ok",
  unknown: "unknown",
}

/** Rows that were delivered cannot be taken back, so a stream that is cut after some of them has to say so. */
export function judge(error: Judged, kind: OperationKind, rowsDelivered = 0): "needed" | "avoidable" | "unknown" {
  if (error.effect === "unknown") return kind === "read" || kind === "stream" ? "avoidable" : "unknown"
  return rowsDelivered > 0 || NEEDED[error.category].includes(error.kind) ? "needed" : "avoidable"
}

/** What the error says of the write itself; the ledger check holds it to its word. */
export function toldBy(error: Pick<StoreError, "effect">): Exclude<Told, "pending"> {
  return TOLD[error.effect]
}
