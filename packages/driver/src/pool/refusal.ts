import type { Failure } from "../failure/failure.ts"
import { unreachable } from "../foundation/invariant.ts"
import type { Outage } from "./outage.ts"
import {
  acquireAborted,
  acquirePastDeadline,
  outageOutlasted,
  poolOverloaded,
  poolStandstill,
  poolTimeout,
  type Crowd,
} from "./pool-failure.ts"
import type { SheddingRules } from "./shedding.ts"
import type { Leaving, Waiting } from "./waiters.ts"

/** What the pool knows when somebody leaves the line unserved. */
export interface RefusalFacts {
  readonly now: number
  readonly crowd: Crowd
  readonly outage: Outage
  readonly acquireTimeoutMs: number
  readonly outageWaitMs: number
  /** How many of those in use are not at work. */
  readonly still: number
  readonly shedding?: SheddingRules | undefined
  /** Since the line was empty. */
  readonly standingMs: number
}

/** What one is told who leaves the line unserved. In an outage whoever runs out of time learns why nothing could be opened. */
export function refusalOf(why: Leaving, { joinedAt, options }: Waiting, facts: RefusalFacts): Failure {
  const { now, crowd, outage, acquireTimeoutMs, outageWaitMs, still, shedding, standingMs } = facts
  const wait = { waitedMs: now - joinedAt, crowd }
  if (why === "abort") return acquireAborted(options.signal?.reason, wait)
  if (why === "standstill") return poolStandstill(wait)
  if (why === "shed") return poolOverloaded(wait, { standingMs, intervalMs: shedding?.intervalMs ?? 0 })
  if (outage.state === "unreachable") {
    const limit = limitOf(why, { deadlineMs: options.deadline?.limitMs, acquireTimeoutMs, outageWaitMs })
    const { failure, attempts, since } = outage
    const retryAfterMs = retryAfterMsOf(outage, now)
    return outageOutlasted(failure, { waitedMs: wait.waitedMs, outageMs: now - since, attempts, limit, retryAfterMs })
  }
  if (why === "deadline" && options.deadline !== undefined) return acquirePastDeadline(options.deadline, wait)
  return poolTimeout(wait, {
    acquireTimeoutMs,
    still,
    lastFailure: outage.state === "none" ? undefined : outage.failure,
  })
}

/** An answer to a probe takes a moment, and before the next one there is nothing new. */
const PROBE_MS = 250

/** When there may be better news of an outage. */
export function retryAfterMsOf(outage: Outage, now: number): number {
  return outage.state === "none" ? PROBE_MS : Math.max(PROBE_MS, outage.retryAt - now)
}

interface Limits {
  readonly deadlineMs: number | undefined
  readonly acquireTimeoutMs: number
  readonly outageWaitMs: number
}

function limitOf(
  why: Exclude<Leaving, "abort" | "standstill" | "shed">,
  { deadlineMs, acquireTimeoutMs, outageWaitMs }: Limits,
): string {
  switch (why) {
    case "deadline":
      return `the deadline (${Math.round(deadlineMs ?? 0)} ms)`
    case "acquire-timeout":
      return `pool.acquireTimeoutMs (${acquireTimeoutMs} ms)`
    case "outage-wait":
      return `retry.outageWaitMs (${outageWaitMs} ms)`
    default:
      return unreachable(why)
  }
}
