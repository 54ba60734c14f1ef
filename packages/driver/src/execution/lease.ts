import type { CompiledQuery } from "kysely"

import type {
  LeaseHandle,
  LeaseOptions,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  TransactionSettings,
} from "../engine.ts"
import { success, type Failure, type Outcome } from "../failure/failure.ts"
import { refused } from "../failure/local.ts"
import type { Clock, Timer } from "../foundation/clock.ts"
import { earlier } from "../foundation/deadline.ts"
import { invariant } from "../foundation/invariant.ts"
import type { Holder } from "../pool/waiters.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import type { LeftBy } from "../postgres/repair.ts"
import { describeStatement, type StatementShape } from "../postgres/statement.ts"
import { controlQuery, quoted, refuseControls } from "./control.ts"
import { giveBackUsed } from "./give-back.ts"
import { HeldTurn } from "./held-turn.ts"
import { afterTheEnd, LeasedTransaction, type TransactionHost } from "./leased-transaction.ts"
import type { Machine } from "./machine.ts"
import { withPatience } from "./patience.ts"
import { runPlan } from "./pipeline.ts"
import { callLimits, planStatements, type DoorOptions, type Place } from "./plan-statement.ts"
import type { Plan } from "./plan.ts"
import { allResults, lastResult, mapSettled, refuse } from "./settled.ts"
import { streamOn, type StreamHost } from "./streaming.ts"
import { Turns } from "./turns.ts"

/**
 *   fresh ──first success──▶ pinned ──connection dies──▶ lost
 *     └────────────── release ────┴─────────────────┴────▶ released
 *
 * While fresh, nothing depends on one particular connection, so a failed attempt may move to another. The first
 * success may leave session state behind (BEGIN, SET, a lock), so from then on it may not.
 */
type LeaseState =
  | { readonly state: "fresh" }
  | { readonly state: "pinned"; readonly connection: PgConnection }
  | { readonly state: "lost"; readonly failure: Failure }
  | { readonly state: "released" }

/** What a caller holds from its first statement to its release: statements one after the other, one transaction at a time. */
export class Lease implements LeaseHandle, TransactionHost, StreamHost {
  readonly #machine: Machine
  readonly outer: Holder | undefined
  readonly begun: boolean
  readonly #watched: LeaseOptions["watched"]
  /** Until it is told of as held too long. */
  #watch: Timer | undefined
  readonly #turns = new Turns()
  #portals = 0
  inFlight: PgConnection | undefined
  #state: LeaseState = { state: "fresh" }
  #transaction: LeasedTransaction | undefined
  #lastTransaction: LeasedTransaction | undefined
  /** Nothing was done on this lease before the transaction that is open now: once that is over, any connection will do. */
  #freshAtBegin = false
  /** A statement has failed since raw SQL opened the transaction that is open now. */
  #rawHarmed = false
  #releasing: Promise<void> | undefined
  /** Draining takes too long: what has not had its turn yet has none any more. */
  #stopped = false
  /** A stream's, which keeps it between its chunks. */
  #held: HeldTurn | undefined

  constructor(machine: Machine, { within, begun = false, watched }: LeaseOptions = {}) {
    this.#machine = machine
    this.outer = within
    this.begun = begun
    this.#watched = watched
  }

  // Statements

  run(query: CompiledQuery, options: DoorOptions = {}): Promise<Settled<StatementResult>> {
    return this.#statements([query], options, lastResult)
  }

  batch(
    queries: readonly CompiledQuery[],
    options: StatementOptions = {},
  ): Promise<Settled<readonly StatementResult[]>> {
    if (queries.length === 0) return Promise.resolve({ ok: true, value: [], attempts: 0 })
    return this.#statements(queries, options, allResults)
  }

  stream(query: CompiledQuery, chunkSize: number, options: DoorOptions = {}): AsyncIterableIterator<StreamChunk> {
    return streamOn(this.#machine, this, query, chunkSize, options)
  }

  // Transactions

  begin(settings: TransactionSettings): void {
    invariant(this.#transaction === undefined, "a transaction is open on this lease already")
    this.#freshAtBegin = this.#state.state === "fresh" && !this.#turns.busy
    this.#transaction = new LeasedTransaction(this.#machine, this, settings)
    this.#lastTransaction = this.#transaction
  }

  async commit(): Promise<Settled<void>> {
    const transaction = this.#transaction ?? this.#lastTransaction
    invariant(transaction !== undefined, "there is no transaction to commit")
    return transaction.commit()
  }

  async rollback(reason: "caller" | "failed" | "deadline"): Promise<void> {
    await this.#transaction?.rollback(reason)
  }

  savepoint(name: string): Promise<Settled<void>> {
    return this.#control(`savepoint ${quoted(name)}`)
  }

  rollbackTo(name: string): Promise<Settled<void>> {
    return this.#control(`rollback to savepoint ${quoted(name)}`)
  }

  releaseSavepoint(name: string): Promise<Settled<void>> {
    return this.#control(`release savepoint ${quoted(name)}`)
  }

  get firstFailure(): Failure | undefined {
    return this.#lastTransaction?.record.firstFailure
  }

  transactionOver(transaction: LeasedTransaction): void {
    if (this.#transaction === transaction) this.#transaction = undefined
  }

  /** Others need not wait for a callback that may never return. */
  async endedByDeadline(): Promise<void> {
    if (!this.#freshAtBegin || this.#state.state !== "pinned") return
    const { connection } = this.#state
    this.#watch?.cancel()
    this.#state = { state: "fresh" }
    await giveBackUsed(this.#machine, connection, "us")
  }

  // The connection

  get pinned(): PgConnection | undefined {
    return this.#state.state === "pinned" ? this.#state.connection : undefined
  }

  holds(resource: unknown): boolean {
    return this.pinned === resource || this.outer?.holds(resource) === true
  }

  get lost(): Failure | undefined {
    return this.#state.state === "lost" ? this.#state.failure : undefined
  }

  pin(connection: PgConnection): void {
    this.#state = { state: "pinned", connection }
    if (this.#watched !== undefined) this.#watchOver(this.#watched)
  }

  /** From now on it is nobody else's. */
  #watchOver({ takenBy }: NonNullable<LeaseOptions["watched"]>): void {
    const { clock, limits, emit } = this.#machine
    const { heldTooLongMs: limitMs } = limits
    if (limitMs === undefined) return
    const heldSince = clock.now()
    const tell = (): void => {
      const stack = takenBy?.()
      emit({
        name: "connection.held-too-long",
        heldMs: clock.now() - heldSince,
        working: this.inFlight !== undefined,
        ...(stack !== undefined && { takenBy: stack }),
      })
    }
    this.#watch = clock.after(limitMs, tell, { background: true })
  }

  lose(failure: Failure): void {
    if (this.#state.state !== "pinned") return
    const { connection } = this.#state
    this.#watch?.cancel()
    this.#state = { state: "lost", failure }
    this.#machine.pool.giveBack(connection, "discard", "died", failure)
  }

  release(): Promise<void> {
    this.#releasing ??= this.#release()
    return this.#releasing
  }

  async #release(): Promise<void> {
    if (this.#turns.busy) await this.drain()
    if (this.#transaction !== undefined) await this.#transaction.rollback("repair")
    const held = this.#state
    this.#watch?.cancel()
    this.#state = { state: "released" }
    if (held.state !== "pinned") return
    await giveBackUsed(this.#machine, held.connection, this.#leftBy)
  }

  inTurn<T>(work: () => Promise<T>): Promise<T> {
    return this.#turns.take(work)
  }

  async holdTurn(): Promise<HeldTurn> {
    const turn = new HeldTurn(await this.#turns.hold())
    this.#held = turn
    if (this.#stopped) turn.takeAway()
    return turn
  }

  get nextPortal(): string {
    this.#portals += 1
    return `stream_${this.#portals}`
  }

  async drain(onStop?: () => void): Promise<void> {
    const { clock, limits } = this.#machine
    const timer = clock.after(limits.cancelMs, () => {
      this.#stopped = true
      this.inFlight?.abandon("close")
      this.#held?.takeAway()
      onStop?.()
    })
    await this.#turns.drained()
    timer.cancel()
    this.#stopped = false
  }

  // Inside

  #statements<T>(
    queries: readonly CompiledQuery[],
    options: DoorOptions,
    read: (exchange: Exchange) => T,
  ): Promise<Settled<T>> {
    const shapes = queries.map(describeStatement)
    for (const shape of shapes) {
      const refusal = this.refusalOf(shape)
      if (refusal !== undefined) return Promise.resolve(refuse(refusal))
    }
    const planFor: PlanFor = (place, limits) => planStatements(this.#machine, queries, shapes, place, limits)
    const transaction = this.#transaction
    if (!this.#turns.busy && transaction?.pending !== true) {
      return this.#turns.take(() => this.#planned(transaction, planFor, shapes, options, read))
    }
    // It has to wait, and its time runs from now.
    const { clock } = this.#machine
    const { deadline, signal } = callLimits(this.#machine, options)
    const limits = deadline === undefined ? options : { ...options, deadline }
    return withPatience(clock, { deadline, signal }, (stillWanted) =>
      this.#turns.take(() => this.#planned(transaction, planFor, shapes, limits, read, stillWanted)),
    )
  }

  /** What is refused at the door, before its turn. */
  refusalOf(shape: StatementShape): Failure | undefined {
    if (this.#releasing !== undefined)
      return refused({ why: "The connection was given back: this statement came after its release" })
    if (this.#transaction?.open === false) return afterTheEnd()
    return refuseControls(shape, this.#transaction !== undefined)
  }

  /** Its turn has come: begin what is pending, plan, run, and keep the record of the transaction that it was meant for. */
  async #planned<T>(
    transaction: LeasedTransaction | undefined,
    planFor: PlanFor,
    shapes: readonly StatementShape[],
    options: DoorOptions,
    read: (exchange: Exchange) => T,
    stillWanted?: () => boolean,
  ): Promise<Settled<T>> {
    const obstacle = this.#released() ?? (transaction === undefined ? undefined : await transaction.begin())
    if (obstacle !== undefined) return obstacle
    const limits = stillWanted?.() === false ? overdue(this.#machine.clock, options) : options
    const plan = planFor(this.#placeIn(transaction), withDeadlineOf(transaction, limits))
    if (!plan.ok) {
      transaction?.record.failed(plan.failure)
      return refuse(plan.failure)
    }
    if (transaction !== undefined && shapes.some(mayWrite)) transaction.record.mayHaveWritten = true
    const settled = await runPlan(this.#machine, this, plan.value)
    transaction?.note(settled, shapes)
    this.#noteRaw(settled.ok)
    return mapSettled(settled, read)
  }

  runPlanned(
    transaction: LeasedTransaction | undefined,
    planFor: (place: Place, options: DoorOptions) => Plan,
    shape: StatementShape,
    options: DoorOptions,
  ): Promise<Settled<Exchange>> {
    return this.#planned(transaction, (place, limits) => success(planFor(place, limits)), [shape], options, itself)
  }

  #released(): Settled<never> | undefined {
    const over = this.#stopped || this.#state.state === "released"
    return over ? refuse(refused({ why: "The connection was given back" })) : undefined
  }

  #noteRaw(ok: boolean): void {
    const open = this.pinned !== undefined && this.pinned.transactionStatus !== "I"
    this.#rawHarmed = open && (this.#rawHarmed || !ok)
  }

  get transaction(): LeasedTransaction | undefined {
    return this.#transaction
  }

  get place(): Place {
    return this.#placeIn(this.#transaction)
  }

  #placeIn(transaction: LeasedTransaction | undefined): Place {
    const inTransaction = transaction !== undefined || (this.pinned?.transactionStatus ?? "I") !== "I"
    return {
      fresh: this.#state.state === "fresh" && !inTransaction,
      inTransaction,
      readOnly: transaction?.settings.accessMode === "read only",
      wantsXid: transaction?.wantsXid === true,
      within: transaction?.settings.label,
    }
  }

  get #leftBy(): LeftBy {
    if (this.#held?.takenAway === true) return "us"
    return this.#rawHarmed ? "raw-failed" : "raw-unharmed"
  }

  #control(sql: string): Promise<Settled<void>> {
    return this.#statements([controlQuery(sql)], { ours: true }, nothing)
  }
}

/** The transaction's deadline holds for each of its statements. */
function withDeadlineOf(transaction: LeasedTransaction | undefined, options: DoorOptions): DoorOptions {
  const deadline = earlier(options.deadline, transaction?.settings.deadline)
  return deadline === undefined ? options : { ...options, deadline }
}

/** Nobody waits for it any more: it is not sent, but it has failed, and is told of like every other. */
function overdue(clock: Clock, options: DoorOptions): DoorOptions {
  const { deadline } = options
  return deadline === undefined
    ? options
    : { ...options, deadline: { ...deadline, at: Math.min(deadline.at, clock.now()) } }
}

function mayWrite(shape: StatementShape): boolean {
  return shape.reads !== "proved" && shape.control === undefined
}

type PlanFor = (place: Place, options: DoorOptions) => Outcome<Plan>

const itself = (exchange: Exchange): Exchange => exchange
const nothing = (): void => {}
