import { untouched } from "../failure/effect.ts"
import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import { abandoned } from "../failure/local.ts"
import { remainingMs } from "../foundation/deadline.ts"
import type { AcquireOptions } from "../pool/pool.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import { acquisitions } from "../telemetry/channels.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { traceAcquire } from "./traced.ts"

/**
 * What a try is made on: the connection that its holder has, or one of the pool's; at once, without a promise, if it can be had at once.
 *
 * @param again it is not the first try of what is being done
 */
export function acquire(
  machine: Machine,
  holder: ConnectionHolder,
  plan: Plan,
  again = false,
): Outcome<PgConnection> | Promise<Outcome<PgConnection>> {
  const refused = lostBefore(holder, plan) ?? notAnyMore(machine, plan) ?? closedBefore(machine, holder, plan)
  if (refused !== undefined) return failed(refused)
  const held = holder.pinned ?? holder.takeFresh?.()
  if (held !== undefined) return success(held)
  const limits = limitsOf(plan, holder.outer, again || holder.begun === true)
  return acquisitions.hasSubscribers
    ? traceAcquire(machine.database, () => machine.pool.acquire(limits))
    : machine.pool.acquire(limits)
}

/** Nobody waits for it any more. */
export function notAnyMore(machine: Machine, plan: Plan): Failure | undefined {
  if (plan.signal?.aborted === true) {
    return abandoned("abort", untouched(plan.phase), { cause: plan.signal.reason })
  }
  if (plan.deadline !== undefined && remainingMs(machine.clock, plan.deadline) === 0) {
    return abandoned("deadline", untouched(plan.phase), { limitMs: plan.deadline.limitMs })
  }
  return undefined
}

/** This was never sent, whatever became of the statement that lost the connection. */
function lostBefore(holder: ConnectionHolder, plan: Plan): Failure | undefined {
  return holder.lost === undefined ? undefined : { ...holder.lost, phase: plan.phase, effect: "not_applied" }
}

/** What stood in line behind others on a connection that somebody holds is not sent once the driver is closed. */
function closedBefore({ closing }: Machine, holder: ConnectionHolder, plan: Plan): Failure | undefined {
  if (holder.pinned === undefined || !plan.counted || !closing.aborted) return undefined
  return abandoned("close", untouched(plan.phase))
}

/** What a wait in the pool's line depends on: the plan itself, which waits anyway. */
function limitsOf(plan: Plan, outer: Holder | undefined, begun: boolean): AcquireOptions {
  if (outer === undefined && !begun) return plan
  return { holder: outer, deadline: plan.deadline, signal: plan.signal, begun }
}
