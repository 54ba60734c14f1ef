import type { CompiledQuery } from "kysely"

import type { Settled } from "../engine.ts"
import type { ConnectionHolder } from "../execution/connection-holder.ts"
import { giveBackUsed } from "../execution/give-back.ts"
import type { Machine } from "../execution/machine.ts"
import { withPatience } from "../execution/patience.ts"
import type { Plan } from "../execution/plan.ts"
import { callLimits, planStatements, type DoorOptions, type Place } from "../execution/plan-statement.ts"
import { runPlan } from "../execution/pipeline.ts"
import { refuse } from "../execution/settled.ts"
import { xidPlan } from "../execution/transaction.ts"
import { Turns } from "../execution/turns.ts"
import type { Failure, Outcome } from "../failure/failure.ts"
import { refused } from "../failure/local.ts"
import type { PgConnection } from "../postgres/connection.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { ForeignExchange, type ForeignSubmittable } from "../postgres/foreign-exchange.ts"
import { worse } from "../postgres/leftovers.ts"
import { describeStatement, type StatementShape } from "../postgres/statement.ts"
import { OpenTransaction } from "./open-transaction.ts"
import { withRawRows } from "./raw-plan.ts"

/**
 *   fresh ──first answer──▶ pinned ──connection dies──▶ lost
 *     └─────────── release ────┴────────────────┴─────▶ released
 *
 * What a checked-out client holds. Its connection is there from the beginning, as with `pg`; but as long as nothing was answered on
 * it, another one will do as well.
 */
export class Hold implements ConnectionHolder {
  readonly outer = undefined
  readonly #machine: Machine
  readonly #onMove: (connection: PgConnection) => void
  readonly #turns = new Turns()
  #fresh: PgConnection | undefined
  #inFlight: PgConnection | undefined
  #transaction: OpenTransaction | undefined
  /** A statement has failed since the transaction that is open now was begun. */
  #harmed = false
  #released = false
  /** Draining took too long: what has not had its turn yet has none any more. */
  #stopped = false
  pinned: PgConnection | undefined
  lost: Failure | undefined

  /** @param onMove told of each connection that it is going to use, the first one included */
  constructor(machine: Machine, connection: PgConnection, onMove: (connection: PgConnection) => void) {
    this.#machine = machine
    this.#fresh = connection
    this.#onMove = onMove
    onMove(connection)
  }

  get inFlight(): PgConnection | undefined {
    return this.#inFlight
  }

  set inFlight(connection: PgConnection | undefined) {
    this.#inFlight = connection
    if (connection !== undefined) this.#onMove(connection)
  }

  takeFresh(): PgConnection | undefined {
    const fresh = this.#fresh
    this.#fresh = undefined
    return fresh
  }

  pin(connection: PgConnection): void {
    this.pinned = connection
  }

  lose(failure: Failure): void {
    if (this.pinned !== undefined) this.#machine.pool.giveBack(this.pinned, "discard", "died", failure)
    this.pinned = undefined
    this.#transaction = undefined
    this.lost = failure
  }

  /** Its connection is dead, and what was begun on it cannot go on elsewhere: why. */
  get gone(): { readonly cause: unknown } | undefined {
    if (this.lost !== undefined) return { cause: this.lost.cause }
    return this.pinned?.dead
  }

  get busy(): boolean {
    return this.#turns.busy
  }

  get status(): "I" | "T" | "E" {
    const { pinned } = this
    return pinned === undefined || pinned.dead !== undefined ? "I" : pinned.transactionStatus
  }

  /** Somebody counts on this very connection from now on. */
  stay(): PgConnection | undefined {
    if (this.#fresh?.dead === undefined) this.pinned ??= this.takeFresh()
    return this.pinned
  }

  /** Its answer, when everything before it has been answered. Never rejects. */
  run(query: CompiledQuery, options: DoorOptions): Promise<Settled<Exchange>> {
    const { deadline } = callLimits(this.#machine, options)
    if (deadline === undefined) return this.#turns.take(() => this.#run(query, options))
    const limits = { ...options, deadline }
    return withPatience(this.#machine.clock, { deadline, signal: undefined }, (stillWanted) =>
      this.#turns.take(() => {
        // If not, its deadline has passed, and it is not sent for that.
        stillWanted()
        return this.#run(query, limits)
      }),
    )
  }

  /** Lets somebody else speak for a while, for as long as he likes. Answers when he is done. */
  lend(submittable: ForeignSubmittable): Promise<Outcome<void>> {
    return this.#turns.take(() => this.#lend(submittable))
  }

  /** Back to the pool, repaired; or closed. Idempotent; never rejects. */
  async release(fate: "keep" | "discard"): Promise<void> {
    if (this.#released) return
    this.#released = true
    const fresh = this.takeFresh()
    if (fresh !== undefined) {
      this.#machine.pool.giveBack(fresh, fresh.dead === undefined ? fate : "discard", this.#reasonFor(fresh))
      return
    }
    if (fate === "keep" && this.#turns.busy) await this.#drain()
    const { pinned } = this
    this.pinned = undefined
    if (pinned === undefined) return
    if (fate === "discard") this.#machine.pool.giveBack(pinned, "discard", this.#reasonFor(pinned))
    else await giveBackUsed(this.#machine, pinned, this.#harmed ? "raw-failed" : "raw-unharmed")
  }

  /** Its user wants it closed: nothing was lost. */
  #reasonFor({ dead }: PgConnection): "died" | "surplus" {
    return dead === undefined ? "surplus" : "died"
  }

  async #drain(): Promise<void> {
    const { clock, limits } = this.#machine
    const timer = clock.after(limits.cancelMs, () => {
      this.#stopped = true
      this.#inFlight?.abandon("close")
    })
    await this.#turns.drained()
    timer.cancel()
  }

  async #run(query: CompiledQuery, options: DoorOptions): Promise<Settled<Exchange>> {
    if (this.#stopped) return refuse(refused({ why: "The client was released before this statement had its turn" }))
    const shape = describeStatement(query)
    const { control } = shape
    const statusBefore = this.status
    const inTransaction = statusBefore !== "I"
    const place: Place = {
      fresh: this.pinned === undefined,
      inTransaction,
      readOnly: false,
      wantsXid: statusBefore === "T" && this.#transaction?.wantsXid === true,
    }
    const ends = control?.kind === "commit" && !control.chain && statusBefore === "T"
    if (ends && this.#transaction?.unasked === true) await this.#askXid()
    const planned = planStatements(this.#machine, [query], [shape], place, options)
    if (!planned.ok) return refuse(planned.failure)
    const plan = withRawRows(planned.value)
    const transaction = this.#transaction
    const commit: Plan =
      ends && transaction !== undefined && query.parameters.length === 0
        ? { ...plan, exchangeOn: () => transaction.commit(query.sql) }
        : plan
    const settled = await runPlan(this.#machine, this, uncommitted(commit, shape, statusBefore))
    // Whatever was prepared may be gone: it is prepared again.
    if (shape.leaves === "statements" && this.pinned !== undefined) this.pinned.wire.parsedStatements = {}
    this.#note(settled.ok, settled.ok ? settled.value.learnt : undefined, shape)
    return settled
  }

  /** A flight of its own, for what no rider could ride behind. If it fails, COMMIT will too. */
  async #askXid(): Promise<void> {
    const settled = await runPlan(this.#machine, this, xidPlan(this.#machine, {}))
    if (settled.ok) this.#note(true, settled.value.learnt, undefined)
  }

  async #lend(submittable: ForeignSubmittable): Promise<Outcome<void>> {
    const connection = this.stay()
    const { pool } = this.#machine
    if (connection === undefined && this.lost === undefined) {
      const acquired = await pool.acquire()
      if (!acquired.ok) return acquired
      this.pin(acquired.value)
      return this.#lend(submittable)
    }
    if (connection === undefined || connection.dead !== undefined) {
      return { ok: false, failure: refused({ why: "The connection was lost" }) }
    }
    const { text } = submittable
    const shape = typeof text === "string" ? describeStatement({ query: RAW, sql: text, parameters: [] }) : undefined
    connection.leftovers = worse(connection.leftovers, shape === undefined ? "state" : (shape.leaves ?? "nothing"))
    this.inFlight = connection
    const exchange = new ForeignExchange(submittable)
    await new Promise((resolve) => connection.run(exchange, resolve))
    this.inFlight = undefined
    if (connection.dead !== undefined) {
      this.lose(lostUnder(connection))
      exchange.letGo()
    }
    this.#note(exchange.error === undefined, undefined, undefined)
    return { ok: true, value: undefined }
  }

  #note(ok: boolean, learnt: Exchange["learnt"], shape: StatementShape | undefined): void {
    const { pinned } = this
    if (pinned === undefined || this.status === "I") {
      this.#transaction = undefined
      this.#harmed = false
      return
    }
    const onlyBegun = shape?.control?.kind === "begin"
    if (this.#transaction === undefined || shape?.control?.kind === "commit") {
      this.#transaction = new OpenTransaction(this.#machine, pinned, { onlyBegun })
    } else this.#transaction.note(learnt, shape)
    this.#harmed ||= !ok
  }
}

const RAW = { kind: "RawNode", sqlFragments: [], parameters: [] } as const

/**
 * COMMIT where no transaction is open, or one that has failed, commits nothing: `pg` answers it like any command, with a warning or
 * with `ROLLBACK`.
 */
export function uncommitted(plan: Plan, { control }: StatementShape, status: "I" | "T" | "E"): Plan {
  return control?.kind === "commit" && status !== "T" ? { ...plan, phase: "rollback" } : plan
}

function lostUnder({ dead }: PgConnection): Failure {
  return { ...refused({ why: "The connection was lost" }), cause: dead?.cause }
}
