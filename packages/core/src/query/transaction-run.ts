import type { Deadline, Failure, LeaseHandle } from "@kysely-resilient/driver"

import { holding } from "../scope/held.ts"
import { runCallback, type CallbackEnd } from "./callback.ts"
import type { Kit } from "./kit.ts"
import type { LeaseLane } from "./lease-lane.ts"
import type { Awaitable, ErrOf, OkOf } from "./results.ts"
import { Run } from "./run.ts"
import { endOf } from "./time.ts"
import type { TransactionPlan } from "./transaction-options.ts"

/** How one run of a transaction's callback ended. `failure`: what was first recorded on its lease, whatever the callback made of it. */
export type RunEnd<R> =
  | { readonly end: "committed"; readonly value: OkOf<R>; readonly todo: readonly (() => unknown)[] }
  /** The callback was content, and COMMIT was not, or nobody knows. */
  | {
      readonly end: "not-committed"
      readonly value: OkOf<R>
      readonly commit: Failure
      readonly failure: Failure
      /** What the callback was told of it at the time, if it was. */
      readonly told: Error | undefined
    }
  | { readonly end: "err"; readonly error: ErrOf<R>; readonly failure: Failure | undefined }
  | { readonly end: "threw"; readonly thrown: unknown; readonly how: string; readonly failure: Failure | undefined }
  /** The callback has not returned; what it does from now on is refused. */
  | { readonly end: "given-up"; readonly why: GaveUpWaiting; readonly cleanUp: Promise<void> }

/** Why nobody waits for the callback any more. */
export type GaveUpWaiting = "deadline" | "aborted" | "closed"

const RETURNED = "The transaction is over: its callback has returned, and this came after that"
const FAILED = "The transaction is over: its callback has failed, and this came after that"
const GIVEN_UP = {
  deadline: "The transaction is over: its deadline has passed, and it was rolled back",
  aborted: "The transaction is over: its signal has ended it, and it was rolled back",
  closed: "The transaction is over: the database was closed, and it was rolled back",
}

/** BEGIN (with the first statement), the callback, COMMIT or ROLLBACK. The lease is given back by whoever took it. */
export async function runOnce<R>(
  kit: Kit,
  lane: LeaseLane,
  plan: TransactionPlan,
  deadline: Deadline,
  attempt: number,
  body: (run: Run) => Awaitable<R>,
): Promise<RunEnd<R>> {
  const lease = lane.target
  lease.begin({ ...plan.settings, deadline, tellsEnd: true })
  const run = new Run(lane, attempt, plan.settings)
  const ended = await endOf(settle(kit, run, body), kit.clock, deadline, plan.signal, kit.closing)
  if (ended.end === "ok") {
    const commit = await lease.commit()
    over(run, RETURNED)
    if (commit.ok) return { end: "committed", value: ended.value, todo: run.doAfterCommit }
    const failure = lease.firstFailure ?? commit.failure
    return { end: "not-committed", value: ended.value, commit: commit.failure, failure, told: lane.errorOf(failure) }
  }
  if (ended.end === "err") {
    await lease.rollback("caller")
    over(run, FAILED)
    return { end: "err", error: ended.error, failure: lease.firstFailure }
  }
  if (ended.end === "threw") {
    await lease.rollback("failed")
    over(run, FAILED)
    return { end: "threw", thrown: ended.thrown, how: ended.how, failure: lease.firstFailure }
  }
  over(run, GIVEN_UP[ended.end], ended.end)
  return { end: "given-up", why: ended.end, cleanUp: abandon(lease, ended.end) }
}

/**
 * The callback, and what it has left unfinished: a savepoint that it did not wait for would be committed half done, and a
 * callback may not run again while its previous run still does something.
 */
async function settle<R>(kit: Kit, run: Run, body: (run: Run) => Awaitable<R>): Promise<CallbackEnd<R>> {
  const ended = await holding(kit.engine, run.lane.target, "transaction", () => runCallback(() => body(run)))
  if (ended.end === "ok") run.lane.close(RETURNED)
  else run.lane.end(FAILED)
  await run.lane.quiet()
  return ended
}

function over(run: Run, why: string, how: "over" | GaveUpWaiting = "over"): void {
  run.lane.end(why)
  run.over(how)
}

/**
 * In the background: whoever waits for the transaction is told at its deadline, not when the server has been told. The second
 * call tells the lease that its holder knows of a deadline that the driver enforced by itself.
 */
async function abandon(lease: LeaseHandle, why: GaveUpWaiting): Promise<void> {
  try {
    if (why === "deadline") await lease.rollback("deadline")
    await lease.rollback("caller")
  } catch {
    // The driver promises not to; then giving back the lease rolls back.
  }
}
