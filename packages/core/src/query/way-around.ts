import { describeStatement } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import { localFailure } from "../errors/local-failure.ts"
import type { Refusal } from "./lane.ts"

/** Settings that decide whether a transaction is read-only, and SET TRANSACTION, which sets the one. */
const SETS_ACCESS = /\btransaction_read_only\b|\bset\s+(?:session\s+characteristics|transaction)\b|\bdiscard\s+all\b/i

/**
 * Why this must not be sent where nothing may be written, though each statement runs in a READ ONLY transaction: it could end that
 * transaction, or change what it is.
 */
export function wayAround(query: CompiledQuery): Refusal | undefined {
  const { single, control } = describeStatement(query)
  const what = !single
    ? "Several statements in one text were not sent"
    : control !== undefined
      ? "Transaction control in raw SQL was not sent"
      : SETS_ACCESS.test(query.sql)
        ? "A statement about whether transactions are read-only was not sent"
        : undefined
  if (what === undefined) return undefined
  return localFailure(
    "refused",
    `${what}: this session is read-only. Write transaction(async (tx) => …) or batch({ … }) for several reads, and use the database itself for writes`,
  )
}
