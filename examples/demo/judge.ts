import type { StoreError } from "./app/store.ts"
import type { Told } from "./ledger.ts"
import type { OperationKind } from "./operation.ts"

/** The part of an error that decides. */
type Judged = Pick<StoreError, "effect" | "category" | "kind">

/**
 * Was the error one that nobody could have spared the caller? Strict: what the caller itself did wrong, what somebody else ended on
 * purpose, and a stream cut after rows were delivered, which nobody can take back. Everything else that is an error should have been hidden.
 */
export function judge(error: Judged, kind: OperationKind, rowsDelivered = 0): "needed" | "avoidable" | "unknown" {
  if (error.effect === "unknown") return kind === "read" || kind === "stream" ? "avoidable" : "unknown"
  if (rowsDelivered > 0) return "needed"
  switch (error.category) {
    case "constraint":
      return "needed"
    case "conflict":
      return error.kind === "transaction_aborted" ? "needed" : "avoidable"
    case "limit":
      return error.kind === "query_canceled" || error.kind === "statement_timeout" ? "needed" : "avoidable"
    case "request":
      return error.kind === "data_exception" || error.kind === "raised_exception" ? "needed" : "avoidable"
    case "availability":
    case "result":
    case "bug":
      return "avoidable"
  }
}

/** What the error says of the write itself; the ledger check holds it to its word. */
export function toldBy(error: Pick<StoreError, "effect">): Exclude<Told, "pending"> {
  switch (error.effect) {
    case "not_applied":
      return "failed"
    case "applied":
    case "applied_locally":
      return "ok"
    case "unknown":
      return "unknown"
  }
}
