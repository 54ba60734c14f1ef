import {
  deadlineAfter,
  journalWaited,
  journalWith,
  waitAfter,
  type FailedTry,
  type Failure,
  type GaveUp,
  type LeaseHandle,
} from "@kysely-resilient/driver"
import { err, ok, type Result } from "neverthrow"

import { framesOf, type CallSite } from "../errors/call-site.ts"
import { tellRuns } from "../errors/error-object.ts"
import { localFailure } from "../errors/local-failure.ts"
import type { Naming } from "../errors/named.ts"
import { toDatabaseError, type ErrorContext } from "../errors/to-database-error.ts"
import type { TransactionError } from "../errors/violations.ts"
import { currentCall } from "../scope/resilient-call.ts"
import { currentScope, type WorkScope } from "../scope/work-scope.ts"
import { doAfterCommit } from "./after-commit.ts"
import { callbackThrew } from "./callback.ts"
import type { Kit } from "./kit.ts"
import { LeaseLane } from "./lease-lane.ts"
import { reasonToStop, unrepeatable } from "./rerun.ts"
import type { Awaitable, ErrOf, OkOf } from "./results.ts"
import type { Run } from "./run.ts"
import { remainingMs } from "./time.ts"
import type { TransactionPlan } from "./transaction-options.ts"
import { runOnce, type GaveUpWaiting, type RunEnd } from "./transaction-run.ts"

/** A transaction as it was asked for. */
export interface TransactionWork<R> extends Enclosing {
  readonly plan: TransactionPlan
  readonly body: (run: Run) => Awaitable<R>
  readonly site: CallSite | undefined
}

/** What an operation of ours wants of the transaction that it runs in. */
export interface Enclosing {
  /** Asked after a failed run. Default: true. */
  readonly mayRerun?: (() => boolean) | undefined
  /** What its own error may name. Default: what can be violated at COMMIT. */
  readonly naming?: Naming | undefined
}

type Transacted<R> = Result<OkOf<R>, ErrOf<R> | TransactionError>

/**
 * Runs the callback in a transaction of its own, and again in another one where a conflict or a lost connection kept the
 * first from being committed and nothing of it was applied. Never while a previous run has not ended.
 */
export async function transact<R>(kit: Kit, work: TransactionWork<R>): Promise<Transacted<R>> {
  const scope = currentScope()
  if (scope === undefined) return transactOf(kit, work)
  const leave = scope.enter("transaction", work.plan.name, work.site)
  try {
    return await transactOf(kit, inside(scope, work))
  } finally {
    leave()
  }
}

async function transactOf<R>(kit: Kit, work: TransactionWork<R>): Promise<Transacted<R>> {
  const { site } = work
  const plan = saidBy(work)
  const deadline = deadlineAfter(kit.clock, plan.timeoutMs)
  const beganAt = kit.clock.now()
  let runs: FailedTry[] = []
  for (let attempt = 1; ; attempt += 1) {
    const startedAt = kit.clock.now()
    if (plan.signal?.aborted === true) {
      return err(givenUp(kit, work, failureOfGivingUp("aborted", plan), attempt - 1))
    }
    if (plan.timeoutMs <= 0) return err(givenUp(kit, work, failureOfGivingUp("deadline", plan), attempt - 1))
    const lease = kit.pool.lease("transaction", site, { label: plan.name, begun: attempt > 1 })
    const ended = await givingBack(lease, runOnce(kit, new LeaseLane(lease), plan, deadline, attempt, work.body))
    if (ended.end === "committed") {
      if (attempt > 1) tellRecovered(kit, plan, attempt, beganAt)
      await doAfterCommit(kit, ended.todo, deadline, attempt, site)
      return ok(ended.value)
    }
    if (ended.end === "given-up") {
      const failure = failureOfGivingUp(ended.why, plan)
      if (ended.why === "deadline") tellFailed(kit, plan, failure, attempt, beganAt, "deadline-near")
      return err(givenUp(kit, work, failure, attempt))
    }

    const { failure } = ended
    const fails = (because: GaveUp): Transacted<R> => {
      if (failure !== undefined) tellFailed(kit, plan, failureOf(ended, failure), attempt, beganAt, because)
      return err(errorOf(kit, work, ended, attempt, because, runs))
    }
    if (failure === undefined) return err(errorOf(kit, work, ended, attempt, "not-transient"))
    const failedAt = kit.clock.now()
    runs = journalWith(runs, failure, { tookMs: failedAt - startedAt })
    const wait = waitAfter(failure, attempt, kit.backoff, kit.random)
    const left = remainingMs(kit.clock, deadline)
    const allowed = plan.rerun && work.mayRerun?.() !== false
    const call = currentCall()
    const attemptsMax = call === undefined ? plan.attemptsMax : Math.min(plan.attemptsMax, attempt + call.triesLeft - 1)
    const because = reasonToStop({
      failure,
      run: attempt,
      attemptsMax,
      allowed,
      waitMs: wait.leastMs,
      remainingMs: left,
    })
    if (because !== undefined) return fails(because)
    if (!kit.engine.takeRetry(failure)) return fails("budget-spent")

    call?.used(1)
    const label = plan.name === undefined ? {} : { label: plan.name }
    kit.engine.tell({ name: "transaction.rerun", attempt, delayMs: wait.mostMs, failure, ...label })
    const { leastMs, mostMs } = wait
    await kit.engine.rest({ failure, leastMs, mostMs: Math.min(mostMs, left), signal: plan.signal })
    runs = journalWaited(runs, kit.clock.now() - failedAt)
    if (remainingMs(kit.clock, deadline) === 0) return fails("deadline-near")
  }
}

/** The same on a connection that somebody holds already: what he did on it before would be lost with it, so it runs once. */
export async function transactOn<R>(kit: Kit, lane: LeaseLane, asked: TransactionWork<R>): Promise<Transacted<R>> {
  const scope = currentScope()
  const work = scope === undefined ? asked : inside(scope, asked)
  const plan = saidBy(work)
  const deadline = deadlineAfter(kit.clock, plan.timeoutMs)
  const beganAt = kit.clock.now()
  const ended = await runOnce(kit, lane, plan, deadline, 1, work.body)
  if (ended.end === "committed") {
    await doAfterCommit(kit, ended.todo, deadline, 1, work.site)
    return ok(ended.value)
  }
  if (ended.end === "given-up") {
    await ended.cleanUp
    return err(givenUp(kit, work, failureOfGivingUp(ended.why, work.plan), 1))
  }
  const because = (ended.failure && unrepeatable(ended.failure)) ?? "session-pinned"
  if (ended.failure !== undefined) tellFailed(kit, work.plan, failureOf(ended, ended.failure), 1, beganAt, because)
  return err(errorOf(kit, work, ended, 1, because))
}

/** As long as it may take, and as the work may that it is part of; and it ends with that. */
function inside<R>(scope: WorkScope, work: TransactionWork<R>): TransactionWork<R> {
  const { plan } = work
  const signal = scope.holdSignal(plan.signal)
  const timeoutMs = Math.min(plan.timeoutMs, scope.remainingMs)
  return { ...work, plan: { ...plan, signal, timeoutMs, settings: { ...plan.settings, signal } } }
}

/** With the place in the program, for whoever finds it open for too long. */
function saidBy<R>({ plan, site }: TransactionWork<R>): TransactionPlan {
  if (site === undefined) return plan
  return { ...plan, settings: { ...plan.settings, takenBy: () => framesOf(site) } }
}

/** The lease goes back before anybody waits for anything else; with a callback that has not returned, as soon as it is clean. */
async function givingBack<R>(lease: LeaseHandle, running: Promise<RunEnd<R>>): Promise<RunEnd<R>> {
  let cleanUp: Promise<void> | undefined
  try {
    const ended = await running
    if (ended.end === "given-up") cleanUp = ended.cleanUp
    return ended
  } finally {
    if (cleanUp === undefined) await lease.release()
    else void cleanUp.then(() => lease.release()).catch(() => {})
  }
}

type Unsuccessful<R> = Exclude<RunEnd<R>, { readonly end: "committed" | "given-up" }>

function errorOf<R>(
  kit: Kit,
  work: TransactionWork<R>,
  ended: Unsuccessful<R>,
  attempts: number,
  because: GaveUp,
  runs: readonly FailedTry[] = [],
): ErrOf<R> | TransactionError {
  if (ended.end === "err") {
    tellRuns(ended.error, { attempts, because: because === "not-transient" ? undefined : because, journal: runs })
    return ended.error
  }
  if (ended.end === "threw") {
    const how = `${ended.how}; it was rolled back`
    const whose = "The callback of the transaction"
    return callbackThrew(kit, { whose, how, thrown: ended.thrown, effect: "not_applied", attempts, site: work.site })
  }
  const { commit, failure, told, value } = ended
  const context = contextOf(kit, work, attempts)
  const { detail, naming } = context
  const first = told ?? toDatabaseError(failure, { detail, attempts: 1, naming })
  return toDatabaseError(commit, {
    ...context,
    because,
    journal: runs,
    ...(commit.effect === "applied_locally" && { value }),
    ...(commit.kind === "transaction_aborted" && { first }),
  })
}

function tellRecovered(kit: Kit, { name }: TransactionPlan, attempts: number, beganAt: number): void {
  const durationMs = kit.clock.now() - beganAt
  kit.engine.tell({ name: "transaction.recovered", attempts, durationMs, ...(name !== undefined && { label: name }) })
}

/** What its statements and its callback got wrong by themselves is no news; that others were in their way is. */
function tellFailed(
  kit: Kit,
  { name }: TransactionPlan,
  failure: Failure,
  attempts: number,
  beganAt: number,
  because: GaveUp,
): void {
  const ownDoing = failure.blame === "statement" && failure.retry === "never"
  if (attempts === 1 && ownDoing && failure.effect !== "unknown") return
  const told = { attempts, durationMs: kit.clock.now() - beganAt, failure, because }
  kit.engine.tell({ name: "transaction.failed", ...told, ...(name !== undefined && { label: name }) })
}

/** Of a COMMIT whose effect nobody knows that is what matters, whatever came before. */
function failureOf<R>(ended: Unsuccessful<R>, first: Failure): Failure {
  return ended.end === "not-committed" && ended.commit.effect === "unknown" ? ended.commit : first
}

function failureOfGivingUp(why: GaveUpWaiting, { timeoutMs }: TransactionPlan): Failure {
  const phase = "transaction"
  switch (why) {
    case "deadline":
      return localFailure(
        "transaction_timeout",
        `The transaction was not done within ${timeoutMs} ms, and was rolled back`,
        { phase },
      )
    case "aborted":
      return localFailure("aborted", "The transaction was ended by its signal, and was rolled back", { phase })
    case "closed":
      return localFailure(
        "pool_closed",
        "The database was closed before the transaction was done, and it was rolled back",
        { phase },
      )
  }
}

function givenUp<R>(kit: Kit, work: TransactionWork<R>, failure: Failure, attempts: number): TransactionError {
  return toDatabaseError(failure, contextOf(kit, work, attempts))
}

function contextOf<R>(kit: Kit, work: TransactionWork<R>, attempts: number): ErrorContext {
  return {
    detail: kit.errors.detail,
    attempts,
    naming: work.naming ?? kit.names?.ofCommit,
    transaction: work.plan.name,
    site: work.site,
  }
}
