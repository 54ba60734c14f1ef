import type { MemoryRule } from "./memory.ts"
import { circuitOpen } from "./rules/circuit-open.ts"
import { conflicts } from "./rules/conflicts.ts"
import { connectionsRefused } from "./rules/connections-refused.ts"
import { heldTooLong } from "./rules/held-too-long.ts"
import { highReconnections } from "./rules/high-reconnections.ts"
import { highRollbacks } from "./rules/high-rollbacks.ts"
import { lowSuccessRate } from "./rules/low-success-rate.ts"
import { observerThrows } from "./rules/observer-throws.ts"
import { orphanedTransactions } from "./rules/orphaned-transactions.ts"
import { poolExhausted } from "./rules/pool-exhausted.ts"
import { poolUsedInside } from "./rules/pool-used-inside.ts"
import { poolWait } from "./rules/pool-wait.ts"
import { retryAmplification } from "./rules/retry-amplification.ts"
import { serverUnreachable } from "./rules/server-unreachable.ts"
import { slowQueries } from "./rules/slow-queries.ts"
import { timeOuts } from "./rules/time-outs.ts"
import { troubleOnPurpose } from "./rules/trouble-on-purpose.ts"
import { unconfirmedCommits } from "./rules/unconfirmed-commits.ts"
import { unresolvedEffects } from "./rules/unresolved-effects.ts"

/** What a process can tell from what it has seen; in the order in which advice of the same severity is told. */
export const MEMORY_RULES: readonly MemoryRule[] = [
  circuitOpen,
  serverUnreachable,
  lowSuccessRate,
  unresolvedEffects,
  poolExhausted,
  poolWait,
  connectionsRefused,
  unconfirmedCommits,
  highReconnections,
  highRollbacks,
  conflicts,
  timeOuts,
  poolUsedInside,
  heldTooLong,
  orphanedTransactions,
  retryAmplification,
  slowQueries,
  observerThrows,
  troubleOnPurpose,
]
