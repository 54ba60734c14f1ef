import type { DatabaseIdentity, PoolMessage, QueryMessage, TransactionMessage } from "@kysely-resilient/driver"

// The channels are those of the whole process, and each carries one kind of message.

export function isQueryOf(database: DatabaseIdentity, told: unknown): told is QueryMessage {
  return isOf(database, told)
}

export function isTransactionOf(database: DatabaseIdentity, told: unknown): told is TransactionMessage {
  return isOf(database, told)
}

export function isPoolOf(database: DatabaseIdentity, told: unknown): told is PoolMessage {
  return isOf(database, told)
}

function isOf(database: DatabaseIdentity, told: unknown): boolean {
  return typeof told === "object" && told !== null && "database" in told && told.database === database
}
