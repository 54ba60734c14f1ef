import { ADVICE_THRESHOLDS } from "@kysely-resilient/core"

import type { Concern, DatabaseFacts } from "./messages.ts"

const { connectionsTakenRatio, transactionMs, lockWaitMs, xidAgeRatio, replicaLagMs } = ADVICE_THRESHOLDS

/** As long as the page remembers what happened. */
const CRASHED_S = 15 * 60

/** What is worth a look. Where there is advice about it, from where on is the advice's to say. */
export function concernsIn(facts: DatabaseFacts): readonly Concern[] {
  const { sessions, max_connections: max, reserved_connections: reserved, blocked } = facts
  const taken = Object.values(sessions).reduce((sum, count) => sum + count, 0) / Math.max(1, max - reserved)
  const found: Readonly<Record<Concern, boolean>> = {
    sessions: taken >= connectionsTakenRatio,
    transaction: (facts.longest_transaction_s ?? 0) * 1_000 > transactionMs,
    locks: blocked.some(({ for_s: forS }) => forS * 1_000 > lockWaitMs),
    dead_rows: facts.tables_to_vacuum > 0,
    transaction_ids: facts.xid_age_ratio > xidAgeRatio,
    replication: (facts.replication_lag_s ?? 0) * 1_000 > replicaLagMs,
    crash: facts.recovered_s !== null && facts.recovered_s < CRASHED_S,
  }
  return CONCERNS.filter((concern) => found[concern])
}

const CONCERNS: readonly Concern[] = [
  "sessions",
  "transaction",
  "locks",
  "dead_rows",
  "transaction_ids",
  "replication",
  "crash",
]
