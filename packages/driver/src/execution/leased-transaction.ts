import type { Settled, TransactionSettings } from "../engine.ts"
import type { Failure } from "../failure/failure.ts"
import { untouched } from "../failure/effect.ts"
import { refused, transactionAborted, transactionTimeout } from "../failure/local.ts"
import type { Timer } from "../foundation/clock.ts"
import { remainingMs } from "../foundation/deadline.ts"
import type { Claim } from "../postgres/claim.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import type { StatementShape } from "../postgres/statement.ts"
import type { ConnectionHolder } from "./connection-holder.ts"
import { endTransaction } from "./give-back.ts"
import type { Machine } from "./machine.ts"
import { runPlan } from "./pipeline.ts"
import type { TransactionMessage } from "../telemetry/channels.ts"
import { takesXid } from "./plan-statement.ts"
import { proofOn, xidClaim } from "./proof.ts"
import { failedLike, refuse } from "./settled.ts"
import { beginPlan, commitPlan, learnFromBegin, xidPlan } from "./transaction.ts"
import { TransactionRecord } from "./transaction-record.ts"
import { beginTraced, endTraced } from "./traced.ts"

/**
 *   open ──commit()──▶ committing ──▶ over
 *     └──rollback()──▶ rolling-back ──▶ over
 *
 * BEGIN goes out just before the first statement, so a transaction that never has one costs nothing. Once it is no longer
 * open, new statements are refused: they were meant for it, and would run after its end.
 */
type State = "open" | "committing" | "rolling-back" | "over"

/** `repair`: its holder let go of it without an end. */
type RollbackReason = "caller" | "failed" | "deadline" | "repair"

/** What a transaction needs of the lease it lives on. */
export interface TransactionHost extends ConnectionHolder {
  /** Runs when everything before it has settled. */
  inTurn<T>(work: () => Promise<T>): Promise<T>
  /** Waits for what is in flight, at most `cancelMs`; then stops it, and tells so. */
  drain(onStop?: () => void): Promise<void>
  /** Its deadline has ended it, and its holder does not know yet: nothing of it needs the connection any more. */
  endedByDeadline(): Promise<void>
  /** It is over, and the lease is free for another. */
  transactionOver(transaction: LeasedTransaction): void
}

/** One explicit transaction, from `begin` to its end. */
export class LeasedTransaction {
  readonly settings: TransactionSettings
  readonly record: TransactionRecord = new TransactionRecord()
  /** What is told of it, if anybody listens. */
  readonly traced: TransactionMessage | undefined
  readonly #machine: Machine
  readonly #host: TransactionHost
  readonly #startedAt: number
  readonly #timer: Timer | undefined
  /** Until it is told of as held too long. */
  #watch: Timer | undefined
  #state: State = "open"
  #begun = false
  #committed = false
  /** The server says that it is over, and nobody here has ended it. */
  #elsewhere: Failure | undefined
  #ending: Promise<void> | undefined
  /** Ends the waits of a BEGIN that has not been sent. */
  readonly #unneeded = new AbortController()

  constructor(machine: Machine, host: TransactionHost, settings: TransactionSettings) {
    this.#machine = machine
    this.#host = host
    this.settings = settings
    this.traced = beginTraced(machine.database, settings)
    this.#startedAt = machine.clock.now()
    this.#timer =
      settings.deadline === undefined
        ? undefined
        : machine.clock.after(remainingMs(machine.clock, settings.deadline), () => void this.rollback("deadline"), {
            // The connection it holds keeps the process alive; without one there is nothing to end.
            background: true,
          })
  }

  get open(): boolean {
    return this.#state === "open"
  }

  /** BEGIN has not been answered yet: a statement of it has that to wait for. */
  get pending(): boolean {
    return !this.#begun
  }

  /** Why a statement whose turn has come cannot run, if it cannot; sends BEGIN if nobody has yet. */
  async begin(): Promise<Settled<never> | undefined> {
    if (this.#state === "rolling-back" || this.#state === "over") return refuse(afterTheEnd())
    if (this.#elsewhere !== undefined) return refuse(afterTheEnd())
    if (this.#begun) return undefined
    const before = this.record.firstFailure
    if (before !== undefined) return refuse(transactionAborted({ first: before, evidence: untouched("transaction") }))
    const settled = await runPlan(this.#machine, this.#host, beginPlan(this.#machine, this.settings, this.#patience))
    if (settled.ok) {
      this.#begun = true
      this.#watchOver()
      learnFromBegin(this.#host.pinned, settled.value, this.#machine.clock.now())
      return this.#ending === undefined ? undefined : refuse(afterTheEnd())
    }
    const first = this.record.firstFailure
    this.record.failed(settled.failure)
    // It waited in vain because we ended the transaction meanwhile: whoever asked is told why we did.
    const ours = this.#unneeded.signal.aborted && this.settings.signal?.aborted !== true
    const failed = failedLike(settled)
    return ours && first !== undefined ? { ...failed, failure: first } : failed
  }

  /** From now on it holds a connection, and whatever it locks. */
  #watchOver(): void {
    const { clock, limits, emit } = this.#machine
    const { heldTooLongMs: limitMs } = limits
    if (limitMs === undefined || this.#state === "over") return
    const begunAt = clock.now()
    const tell = (): void => {
      const { label, takenBy } = this.settings
      const stack = takenBy?.()
      emit({
        name: "transaction.held-too-long",
        heldMs: clock.now() - begunAt,
        working: this.#host.inFlight !== undefined,
        ...(label !== undefined && { label }),
        ...(stack !== undefined && { takenBy: stack }),
      })
    }
    this.#watch = clock.after(limitMs, tell, { background: true })
  }

  get #patience(): AbortSignal {
    const { signal } = this.settings
    return signal === undefined ? this.#unneeded.signal : AbortSignal.any([signal, this.#unneeded.signal])
  }

  /** Its number must be asked for: it proves the COMMIT, nobody knows it yet, and the connection lets numbers be compared. */
  get wantsXid(): boolean {
    const connection = this.#host.pinned
    if (connection === undefined || this.settings.accessMode === "read only" || this.record.numbered) return false
    return proofOn(this.#machine, connection) === "xid"
  }

  /** Keeps the record: what failed, which savepoints there are, its number, and whether the server still agrees that it is open. */
  note(settled: Settled<Exchange>, shapes: readonly StatementShape[]): void {
    const control = shapes[0]?.control
    this.#noteXid(settled.ok ? settled.value.learnt : undefined, shapes.some(takesXid))
    if (!settled.ok) {
      if (control?.kind === "rollback_to") this.record.rollbackToFailed(control.name, settled.failure)
      // The statement ran; only its answer could not be read.
      else if (settled.failure.kind !== "decode_failed") this.record.failed(settled.failure)
      return
    }
    if (control?.kind === "savepoint") this.record.savepoint(control.name)
    if (control?.kind === "release") this.record.release(control.name)
    if (control?.kind === "rollback_to") this.record.rollbackTo(control.name)
    if (this.#host.pinned?.transactionStatus === "I") this.#endedElsewhere()
  }

  /** Was what it did so far committed, or rolled back? Nobody can say; and what came next would not be part of it. */
  #endedElsewhere(): void {
    const why = "The transaction was ended by something else than this client, such as a pooler that switched sessions"
    this.#elsewhere ??= { ...refused({ why }), effect: this.record.mayHaveWritten ? "unknown" : "not_applied" }
    this.record.failed(this.#elsewhere)
  }

  #noteXid(learnt: Exchange["learnt"], mayHaveTakenOne: boolean): void {
    const connection = this.#host.pinned
    if (learnt !== undefined && connection !== undefined) {
      this.record.claim = xidClaim(connection, learnt)
      this.record.unasked = this.record.claim === undefined
    } else if (mayHaveTakenOne && !this.record.numbered) this.record.unasked = true
  }

  /** What proves its COMMIT where numbers do: its number, or that it has none. */
  get #claim(): Claim | undefined {
    const connection = this.#host.pinned
    if (this.record.unasked || connection === undefined || proofOn(this.#machine, connection) !== "xid")
      return undefined
    return this.record.claim ?? { by: "nothing" }
  }

  async commit(): Promise<Settled<void>> {
    if (this.#state !== "open") {
      await this.#acknowledged()
      return refuse(this.record.firstFailure ?? afterTheEnd())
    }
    this.#state = "committing"
    return this.#host.inTurn(async () => {
      const settled = await this.#commitNow()
      this.#over()
      this.#host.transactionOver(this)
      return settled
    })
  }

  async #commitNow(): Promise<Settled<void>> {
    if (this.#elsewhere !== undefined) return refuse(this.#elsewhere)
    const first = this.record.firstFailure
    if (first !== undefined) {
      // The application swallowed a failure and asks for COMMIT: the rollback is ours.
      if (await this.#endOnServer()) this.#machine.emit({ name: "transaction.rolled-back", reason: "repair" })
      const failure = transactionAborted({ first, evidence: untouched("commit") })
      return failure.retry === "never" ? refuse(failure) : { ...refuse(failure), because: "in-transaction" }
    }
    if (!this.#begun) {
      this.#committed = true
      return { ok: true, value: undefined, attempts: 1 }
    }
    const readOnly = this.settings.accessMode === "read only" || !this.record.mayHaveWritten
    const asked = readOnly ? undefined : await this.#askXid()
    if (asked !== undefined && !asked.ok) return this.#notCommitted(asked)
    const plan = commitPlan(this.#machine, this.settings, !readOnly, this.#claim)
    const settled = await runPlan(this.#machine, this.#host, plan)
    if (settled.ok) {
      this.#committed = true
      this.#machine.emit({ name: "transaction.committed", durationMs: this.#machine.clock.now() - this.#startedAt })
      return { ok: true, value: undefined, attempts: 1 }
    }
    return this.#notCommitted(settled)
  }

  /** A flight of its own, for what no rider could ride behind. */
  async #askXid(): Promise<Settled<Exchange> | undefined> {
    if (!this.record.unasked || !this.wantsXid) return undefined
    const settled = await runPlan(this.#machine, this.#host, xidPlan(this.#machine, this.settings))
    if (settled.ok) this.#noteXid(settled.value.learnt, false)
    return settled
  }

  async #notCommitted(settled: Settled<Exchange> & { readonly ok: false }): Promise<Settled<void>> {
    this.record.failed(settled.failure)
    await this.#endOnServer()
    return failedLike(settled)
  }

  /** Nothing to do once it is over, or while its COMMIT is on its way. */
  async rollback(reason: RollbackReason): Promise<void> {
    if (this.#state === "open") this.#ending = this.#rollbackNow(reason)
    if (reason === "deadline") await this.#ending
    else await this.#acknowledged()
  }

  /**
   * Ended by its deadline it stays in the way: its holder does not know yet, and what he sends now was meant for it. Once
   * he ends it himself, the lease is free again.
   */
  async #acknowledged(): Promise<void> {
    await this.#ending
    if (this.#state === "over") this.#host.transactionOver(this)
  }

  async #rollbackNow(reason: RollbackReason): Promise<void> {
    this.#state = "rolling-back"
    if (reason === "deadline") {
      const limitMs = this.settings.deadline?.limitMs ?? 0
      this.record.failed(transactionTimeout({ limitMs, evidence: untouched("transaction") }))
      this.#host.inFlight?.abandon("deadline")
    }
    // What waits for a connection has not been sent, and must not be any more.
    if (this.#host.inFlight === undefined) this.#unneeded.abort()
    await this.#host.drain(() => this.#unneeded.abort())
    const ended = await this.#endOnServer()
    if (ended) this.#machine.emit({ name: "transaction.rolled-back", reason })
    this.#over()
    if (reason === "deadline") await this.#host.endedByDeadline()
  }

  /** ROLLBACK, if there is still something to roll back; a connection that does not answer it is destroyed. */
  async #endOnServer(): Promise<boolean> {
    const connection: PgConnection | undefined = this.#host.pinned
    if (connection === undefined || connection.dead !== undefined || connection.transactionStatus === "I") return false
    await endTransaction(this.#machine, connection, "rollback")
    return true
  }

  #over(): void {
    this.#state = "over"
    if (this.traced !== undefined) {
      endTraced(this.traced, this.#committed ? "committed" : "rolled-back", this.record.firstFailure)
    }
    this.#timer?.cancel()
    this.#watch?.cancel()
  }
}

export function afterTheEnd(): Failure {
  return refused({
    why: "The transaction is over: this statement came after its end, and would have run outside of it",
  })
}
