import type { IsolationLevel, TransactionOptions, TransactionPlan } from "./transaction-options.ts"

/** What a transaction began with, or a part of it has. */
export type Began = Pick<TransactionPlan["settings"], "isolation" | "accessMode" | "deferrable" | "label">

/** For PostgreSQL the first two are the same. */
const STRICTNESS: Readonly<Record<IsolationLevel, number>> = {
  "read uncommitted": 0,
  "read committed": 0,
  "repeatable read": 1,
  serializable: 2,
}

/**
 * Why a part of a transaction cannot have what was asked for it: a savepoint has no isolation of its own, and cannot write where its
 * transaction cannot. What is stricter than asked for will do. How long it may take, how often it runs and what it is called are the transaction's affair.
 */
export function whyNotInside(asked: TransactionOptions | undefined, began: Began): string | undefined {
  if (typeof asked !== "object" || asked === null) return undefined
  const { isolation, accessMode, deferrable } = asked
  const { isolation: outer = "read committed", label } = began
  const inside = `here, inside of the transaction${label === undefined ? "" : ` "${label}"`}`
  if (isolation !== undefined && !(STRICTNESS[isolation] <= STRICTNESS[outer])) {
    const how = began.isolation === undefined ? "without an isolation level" : `as ${outer}`
    return `isolation cannot be ${isolation} ${inside}, which has begun ${how}: a savepoint has none of its own. Begin that transaction with it`
  }
  if (accessMode === "read write" && began.accessMode === "read only")
    return `accessMode cannot be read write ${inside}, which has begun as read only`
  if (deferrable === true && began.deferrable !== true)
    return `deferrable cannot be true ${inside}, which has begun without it. Begin that transaction with it`
  return undefined
}
