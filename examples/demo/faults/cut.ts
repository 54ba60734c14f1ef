import type { Rule } from "@kysely-resilient/testing"

import { missed, type FaultContext, type Injection } from "./fault.ts"

/** Transactions end all the time, so the next COMMIT is not far. */
const NEXT_COMMIT_MS = 2_000

/** Cuts the connection of the next COMMIT that comes along. That a COMMIT comes along means that an operation is waiting for it. */
export async function cutAt({ proxy, now, sleep }: FaultContext, when: Rule): Promise<Injection> {
  const rule = proxy.rule(when)
  const liftedAt = await Promise.race([rule.hit.then(now), sleep(NEXT_COMMIT_MS)])
  rule.remove()
  if (liftedAt === undefined) return missed
  return {
    hit: true,
    liftedAt,
    recoveredBy: ({ kind, startedAt }) => (kind === "transfer" || kind === "signal") && startedAt >= liftedAt,
  }
}
