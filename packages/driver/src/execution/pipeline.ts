import type { Settled } from "../engine.ts"
import { untouched } from "../failure/effect.ts"
import { abandoned, replicationUnconfirmed } from "../failure/local.ts"
import type { Failure, GaveUp, Outcome } from "../failure/failure.ts"
import { journalWaited, journalWith, type FailedTry } from "../failure/journal.ts"
import { remainingMs } from "../foundation/deadline.ts"
import { invariant, unreachable } from "../foundation/invariant.ts"
import { waitAfter } from "../policy/backoff.ts"
import { decide } from "../policy/decide.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { acquire } from "./acquire.ts"
import { attempt, type Tried } from "./attempt.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import type { Machine } from "./machine.ts"
import type { Plan } from "./plan.ts"
import { rest } from "./rest.ts"
import { queryIsTraced, traceQuery } from "./traced.ts"

/**
 * The life of a statement, START HERE:
 *
 *     plan ─▶ [ acquire ─▶ execute ─▶ classify ]ⁿ ─▶ decide ─▶ retry, or answer ─▶ record
 *
 * `attempt` is one try and gives its connection back before it answers, so a back-off never holds one. `decide`
 * (policy/decide.ts) says whether there is another try, and why not.
 */
export function runPlan(machine: Machine, holder: ConnectionHolder, plan: Plan): Promise<Settled<Exchange>> {
  return queryIsTraced(plan)
    ? traceQuery(machine.database, holder, plan, () => runUntraced(machine, holder, plan))
    : runUntraced(machine, holder, plan)
}

function runUntraced(machine: Machine, holder: ConnectionHolder, plan: Plan): Promise<Settled<Exchange>> {
  const startedAt = machine.clock.now()
  const soon = acquire(machine, holder, plan)
  // Many may wait in line at once: nothing else has been begun for them.
  return soon instanceof Promise
    ? soon.then((acquired) => runFrom(machine, holder, plan, { startedAt, acquired, waited: true }))
    : runFrom(machine, holder, plan, { startedAt, acquired: soon, waited: false })
}

/** A plan's first try can begin. */
export interface Beginning {
  /** When the wait for the connection began. */
  readonly startedAt: number
  readonly acquired: Outcome<PgConnection>
  /** In the pool's line. */
  readonly waited: boolean
}

export async function runFrom(
  machine: Machine,
  holder: ConnectionHolder,
  plan: Plan,
  beginning: Beginning,
): Promise<Settled<Exchange>> {
  const { startedAt, acquired, waited } = beginning
  const story: Story = { startedAt, triedAt: startedAt, firstFailure: undefined, journal: undefined }
  const pinned = isPinned(holder)
  const tried = await attempt(machine, holder, plan, acquired, waited)
  if (tried.ok) return succeed(machine, plan, tried, 1, story)
  machine.unfinished.begin()
  try {
    return await goOn(machine, holder, plan, story, tried, pinned)
  } finally {
    machine.unfinished.end()
  }
}

/** The same in another way, of which it is no second try. */
async function runInstead(machine: Machine, holder: ConnectionHolder, plan: Plan): Promise<Settled<Exchange>> {
  const startedAt = machine.clock.now()
  const story: Story = { startedAt, triedAt: startedAt, firstFailure: undefined, journal: undefined }
  const pinned = isPinned(holder)
  return goOn(machine, holder, plan, story, await tryAgain(machine, holder, plan), pinned)
}

async function tryAgain(machine: Machine, holder: ConnectionHolder, plan: Plan): Promise<Tried> {
  const soon = acquire(machine, holder, plan, true)
  if (soon instanceof Promise) return attempt(machine, holder, plan, await soon, true)
  return attempt(machine, holder, plan, soon, false)
}

/** After the first try. */
async function goOn(
  machine: Machine,
  holder: ConnectionHolder,
  plan: Plan,
  story: Story,
  first: Tried,
  pinnedAtFirst: boolean,
): Promise<Settled<Exchange>> {
  let tried = first
  let pinned = pinnedAtFirst
  for (let tries = 1; ; tries += 1) {
    if (!tried.ok && tried.failure.effect === "unknown") tried = await resolved(machine, plan, tried)
    if (tried.ok) return succeed(machine, plan, tried, tries, story)
    const { failure } = tried
    const asWrite = writeAfterAll(plan, failure)
    if (asWrite !== undefined) {
      machine.knownWrites.remember(plan.sql)
      return runInstead(machine, holder, asWrite)
    }
    if (plan.ifNotCounted !== undefined && failure.sqlState === "0A000") {
      machine.uncounted.remember(plan.sql)
      return runInstead(machine, holder, plan.ifNotCounted)
    }
    story.firstFailure ??= failure
    noteTry(machine, story, tried)
    if (tried.connected) machine.breaker.failed(failure)
    const wait = waitAfter(failure, tries, machine.limits, machine.random)
    const decision = decide({
      failure,
      attempt: tries,
      attemptsMax: plan.attemptsMax,
      enabled: plan.retry,
      connected: tried.connected,
      rowsDelivered: plan.rowsDelivered,
      repeatable: plan.repeatable,
      inTransaction: tried.inTransaction,
      pinned,
      remainingMs: remainingMs(machine.clock, plan.deadline),
      budgetAvailable: machine.budget.affords(failure),
      leastDelayMs: wait.leastMs,
      delayMs: wait.mostMs,
    })
    if (decision.action === "fail") return fail(machine, holder, plan, tried, tries, story, decision.because)

    machine.budget.spend(failure)
    if (plan.counted || plan.phase === "transaction") {
      machine.emit({ name: "query.retried", attempt: tries, delayMs: decision.delayMs, failure, ...infoOf(plan) })
    }
    const mostMs = Math.min(decision.delayMs, remainingMs(machine.clock, plan.deadline))
    const rested = await rest(machine, { failure, leastMs: wait.leastMs, mostMs, signal: plan.signal })
    if (!rested) {
      const aborted = {
        ...abandoned("abort", untouched(plan.phase), { cause: plan.signal?.reason }),
        effect: failure.effect,
      }
      return fail(machine, holder, plan, { ...tried, failure: aborted }, tries, story, "not-transient")
    }
    waitedForNext(machine, story)
    if (remainingMs(machine.clock, plan.deadline) === 0)
      return fail(machine, holder, plan, tried, tries, story, "deadline-near")
    pinned = isPinned(holder)
    tried = await tryAgain(machine, holder, plan)
  }
}

function isPinned(holder: ConnectionHolder): boolean {
  return holder.pinned !== undefined || holder.lost !== undefined
}

function succeed(
  machine: Machine,
  plan: Plan,
  { exchange }: Extract<Tried, { readonly ok: true }>,
  tries: number,
  story: Story,
): Settled<Exchange> {
  recordSuccess(machine, plan, tries, story)
  return { ok: true, value: exchange, attempts: tries, access: plan.access }
}

/**
 * A COMMIT that nobody answered: what became of it is found out before anything is decided. Its caller waits no longer than an
 * abandoned statement may take.
 */
async function resolved(machine: Machine, plan: Plan, tried: FailedAttempt): Promise<Tried> {
  if (tried.claim === undefined) return tried
  const { claim, exchange, failure } = tried
  const { deadline, signal, abortInFlight, label } = plan
  const found = await machine.resolver.resolve(claim, {
    deadline: deadline && { ...deadline, at: deadline.at + machine.limits.cancelMs },
    signal: abortInFlight ? signal : undefined,
    label,
  })
  switch (found.effect) {
    case "applied":
      invariant(exchange !== undefined, "what was committed had an answer before")
      exchange.complete(found.affected)
      return { ok: true, exchange }
    case "applied_locally":
      if (found.affected !== undefined) exchange?.complete(found.affected)
      return { ...tried, failure: replicationUnconfirmed({ ...untouched("commit"), sent: true }) }
    case "not_applied":
      return { ...tried, failure: { ...failure, effect: "not_applied" } }
    case "unknown":
      return found.token === undefined ? tried : { ...tried, failure: { ...failure, token: found.token } }
    default:
      return unreachable(found)
  }
}

type FailedAttempt = Extract<Tried, { readonly ok: false }>

/** What the record of one plan tells, over all of its tries. */
interface Story {
  readonly startedAt: number
  /** When the last try was begun; once that has failed, when it had. */
  triedAt: number
  firstFailure: Failure | undefined
  journal: FailedTry[] | undefined
}

function noteTry({ clock }: Machine, story: Story, { failure, connectionId }: FailedAttempt): void {
  const now = clock.now()
  const tookMs = now - story.triedAt
  story.journal = journalWith(
    story.journal,
    failure,
    connectionId === undefined ? { tookMs } : { tookMs, connectionId },
  )
  story.triedAt = now
}

function waitedForNext({ clock }: Machine, story: Story): void {
  const now = clock.now()
  story.journal = journalWaited(story.journal ?? [], now - story.triedAt)
  story.triedAt = now
}

/** The server refused in a read-only transaction what had travelled there on suspicion of being a read: nothing happened. */
function writeAfterAll(plan: Plan, failure: Failure): Plan | undefined {
  return failure.kind === "read_only_transaction" && failure.effect === "not_applied" ? plan.ifWrite : undefined
}

function fail(
  machine: Machine,
  { transaction }: ConnectionHolder,
  plan: Plan,
  tried: FailedAttempt,
  attempts: number,
  story: Story,
  because: GaveUp,
): Settled<Exchange> {
  const failure = asAnswered(tried.failure)
  if (plan.counted) {
    machine.emit({
      name: "query.failed",
      durationMs: machine.clock.now() - story.startedAt,
      attempts,
      access: plan.access,
      failure,
      because,
      ...(transaction?.settings.tellsEnd === true && { partOf: "transaction" as const }),
      ...firstFailureOf(story),
      ...infoOf(plan),
    })
  }
  return {
    ok: false,
    failure,
    attempts,
    because,
    ...(story.journal !== undefined && { journal: story.journal }),
    ...(failure.effect === "applied_locally" && tried.exchange !== undefined && { value: tried.exchange }),
  }
}

/** Only here it is known what may be repeated all the same: whoever is told that it may be done is not invited to do it again. */
function asAnswered(failure: Failure): Failure {
  return failure.effect === "unknown" ? { ...failure, retry: "never" } : failure
}

function recordSuccess(machine: Machine, plan: Plan, attempts: number, story: Story): void {
  if (!plan.counted) return
  machine.budget.earn()
  machine.breaker.succeeded()
  machine.emit({
    name: "query.succeeded",
    durationMs: machine.clock.now() - story.startedAt,
    attempts,
    access: plan.access,
    ...firstFailureOf(story),
    ...infoOf(plan),
  })
}

function firstFailureOf(story: Story): { readonly firstFailure?: Failure } {
  return story.firstFailure === undefined ? {} : { firstFailure: story.firstFailure }
}

function infoOf(plan: Plan): { readonly queryId: string; readonly sql: string; readonly label?: string } {
  return { queryId: plan.queryId, sql: plan.sql, ...(plan.label !== undefined && { label: plan.label }) }
}
