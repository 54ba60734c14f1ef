import { beforeStatement, cut, type Matcher } from "@kysely-resilient/testing"

import { missed, type FaultContext, type Injection } from "./fault.ts"

/** Transfers are made all the time, so the next one is not far. */
const NEXT_TRANSFER_MS = 2_000
/** Between its record and its COMMIT there is one statement. */
const NEXT_COMMIT_MS = 2_000

/** Finds a transfer that is under way and cuts its connection at its COMMIT: no other COMMIT will do, since reads have some, too. */
export async function cutTransferAt(when: Matcher, { proxy, now, sleep }: FaultContext): Promise<Injection> {
  const recording = proxy.rule({ when: beforeStatement(/^insert into "transfers"/), do: [] })
  const transfer = await Promise.race([recording.hit, sleep(NEXT_TRANSFER_MS)])
  recording.remove()
  if (transfer === undefined) return missed

  const commit = proxy.rule({ when, do: cut(), connection: transfer.connection })
  const liftedAt = await Promise.race([commit.hit.then(now), sleep(NEXT_COMMIT_MS)])
  commit.remove()
  if (liftedAt === undefined) return missed
  return {
    hit: true,
    liftedAt,
    recoveredBy: ({ kind, startedAt }) => kind === "transfer" && startedAt >= liftedAt,
  }
}
