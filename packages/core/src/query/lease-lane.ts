import { AsyncLocalStorage } from "node:async_hooks"

import type { Effect, Failure, LeaseHandle } from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import { localFailure } from "../errors/local-failure.ts"
import { lastTransactionCommand, type Lane, type Refusal } from "./lane.ts"

/**
 *   open ──close()──▶ closed ──end()──▶ ended
 *     └────────────────end()──────────────┘
 *
 * Closed: its callback has returned, and what it enclosed may still finish. Ended: nothing on it or inside of it runs.
 */
type LaneState = { readonly state: "open" } | { readonly state: "closed" | "ended"; readonly why: string }

/** Whose enclosed parts the running code is in, by the asynchronous context that it was called from. */
const within = new AsyncLocalStorage<ReadonlySet<LeaseLane>>()

/**
 * One connection, and on it a transaction or a savepoint at a time. While such a part runs, the outer lane waits: what it
 * sent now would land inside, and be undone with it. Called from inside it would wait for itself, so that is refused.
 */
export class LeaseLane implements Lane {
  readonly target: LeaseHandle
  readonly #outer: LeaseLane | undefined
  #state: LaneState = { state: "open" }
  #enclosed: Promise<void> | undefined
  #ending: PromiseWithResolvers<void> | undefined
  #named = 0
  /** So that a transaction that failed can say which statement it was. */
  readonly #errors: WeakMap<object, Error>

  constructor(target: LeaseHandle, outer?: LeaseLane) {
    this.target = target
    this.#outer = outer
    this.#errors = outer === undefined ? new WeakMap() : outer.#errors
  }

  /** Whatever becomes of the transaction: an error of a statement in it is not told later that COMMIT came. */
  get effect(): Effect {
    return "not_applied"
  }

  failed(failure: Failure, error: Error): void {
    this.#errors.set(failure, error)
  }

  /** The error that a caller got for this failure, if one did. */
  errorOf(failure: Failure): Error | undefined {
    return this.#errors.get(failure)
  }

  firstError(): Error | undefined {
    const { firstFailure } = this.target
    return firstFailure && this.errorOf(firstFailure)
  }

  refusalOf(_query: CompiledQuery): Refusal | undefined {
    return undefined
  }

  obstacle(): Refusal | Promise<void> | undefined {
    const why = this.#whyOver()
    if (why !== undefined) return localFailure("refused", why)
    if (this.#enclosed === undefined) return undefined
    // Whoever waits is also woken when the lane ends, though the part that it waits for may never do.
    if (within.getStore()?.has(this) !== true) return Promise.race([this.#enclosed, this.whenEnded()])
    return localFailure(
      "refused",
      "A savepoint or a transaction on this handle is running: inside of it, use the handle that its callback was given",
    )
  }

  /** Runs one part alone on the connection, on a lane of its own. */
  async enclose<T>(
    work: (inner: LeaseLane) => Promise<T>,
  ): Promise<{ readonly ok: true; readonly value: T } | { readonly ok: false; readonly failure: Refusal }> {
    let obstacle = this.obstacle()
    while (obstacle instanceof Promise) {
      await obstacle
      obstacle = this.obstacle()
    }
    if (obstacle !== undefined) return { ok: false, failure: obstacle }
    const inner = new LeaseLane(this.target, this)
    const lanes = new Set([...(within.getStore() ?? []), this])
    const running = within.run(lanes, () => work(inner))
    this.#enclosed = this.#released(running)
    return { ok: true, value: await running }
  }

  async #released(running: Promise<unknown>): Promise<void> {
    await running.catch(() => {})
    this.#enclosed = undefined
  }

  /** Resolves when nothing enclosed is running any more. */
  async quiet(): Promise<void> {
    while (this.#enclosed !== undefined) await this.#enclosed
  }

  /** Its callback has returned. */
  close(why: string): void {
    if (this.#state.state === "open") this.#state = { state: "closed", why }
  }

  end(why: string): void {
    if (this.#state.state !== "ended") this.#state = { state: "ended", why }
    this.#ending?.resolve()
  }

  /** A name for a savepoint that no other one on this connection has. */
  nextName(): string {
    if (this.#outer !== undefined) return this.#outer.nextName()
    this.#named += 1
    return `kysely_resilient_${this.#named}`
  }

  #whyOver(): string | undefined {
    return this.#state.state === "open" ? this.#outer?.whyEnded() : this.#state.why
  }

  /** Resolves when it has ended, or what it is in has. */
  whenEnded(): Promise<void> {
    this.#ending ??= Promise.withResolvers()
    const { promise } = this.#ending
    return this.#outer === undefined ? promise : Promise.race([promise, this.#outer.whenEnded()])
  }

  /** Why nothing may run on it or inside of it any more, if that is so. */
  whyEnded(): string | undefined {
    return this.#state.state === "ended" ? this.#state.why : this.#outer?.whyEnded()
  }
}

/** A connection that a caller holds by himself: raw BEGIN and COMMIT are his affair. */
export class PinnedLane extends LeaseLane {
  #rawTransaction = false

  override refusalOf(query: CompiledQuery): Refusal | undefined {
    const command = lastTransactionCommand(query)
    if (command !== undefined) this.#rawTransaction = command === "begin"
    return undefined
  }

  override get effect(): Effect {
    return this.#rawTransaction ? "not_applied" : "applied"
  }

  /** A transaction of ours cannot begin inside one that raw SQL has begun: COMMIT would end both. */
  get rawTransaction(): boolean {
    return this.#rawTransaction
  }
}
