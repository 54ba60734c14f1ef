import type { Failure, LeaseHandle, Settled, TransactionSettings } from "@kysely-resilient/driver"

import type { Patience, ResilientCall } from "../scope/resilient-call.ts"
import { CountedSession } from "./counted-session.ts"

/** The same of a lease: what is written in a transaction counts once that is committed. */
export class CountedLease extends CountedSession implements LeaseHandle {
  readonly #lease: LeaseHandle
  #transaction: { wrote: boolean } | undefined

  constructor(lease: LeaseHandle, call: ResilientCall, patience: Patience) {
    super(lease, call, patience)
    this.#lease = lease
  }

  begin(settings: TransactionSettings): void {
    this.#transaction = { wrote: false }
    this.#lease.begin(settings)
  }

  async commit(): Promise<Settled<void>> {
    const settled = await this.#lease.commit()
    this.call.saw(settled, this.#transaction?.wrote === false, this.patience)
    this.#transaction = undefined
    return settled
  }

  async rollback(reason: "caller" | "failed" | "deadline"): Promise<void> {
    await this.#lease.rollback(reason)
    this.#transaction = undefined
  }

  savepoint(name: string): Promise<Settled<void>> {
    return this.#lease.savepoint(name)
  }

  rollbackTo(name: string): Promise<Settled<void>> {
    return this.#lease.rollbackTo(name)
  }

  releaseSavepoint(name: string): Promise<Settled<void>> {
    return this.#lease.releaseSavepoint(name)
  }

  get firstFailure(): Failure | undefined {
    return this.#lease.firstFailure
  }

  holds(resource: unknown): boolean {
    return this.#lease.holds(resource)
  }

  release(): Promise<void> {
    return this.#lease.release()
  }

  /** What fails in a transaction is undone with it, unless its COMMIT says otherwise. */
  protected override count(settled: Settled<unknown>, reads: boolean): void {
    if (!reads && this.#transaction !== undefined) this.#transaction.wrote = true
    super.count(settled, reads || this.#transaction !== undefined)
  }
}
