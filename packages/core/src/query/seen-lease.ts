import type {
  Failure,
  LeaseHandle,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  TransactionSettings,
} from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import type { Patience, ResilientCall } from "../scope/resilient-call.ts"
import { onlyReads, seenStream } from "./seen.ts"

/**
 * A lease inside of a resilient call, which is told of what is written on it: of statements in a transaction once that
 * is committed, of others at once.
 */
export class SeenLease implements LeaseHandle {
  readonly #lease: LeaseHandle
  readonly #call: ResilientCall
  readonly #patience: Patience
  #transaction: { wrote: boolean } | undefined

  constructor(lease: LeaseHandle, call: ResilientCall, patience: Patience) {
    this.#lease = lease
    this.#call = call
    this.#patience = patience
  }

  async run(statement: CompiledQuery, options?: StatementOptions): Promise<Settled<StatementResult>> {
    return this.#seen([statement], await this.#lease.run(statement, this.#call.narrow(options)))
  }

  async batch(
    statements: readonly CompiledQuery[],
    options?: StatementOptions,
  ): Promise<Settled<readonly StatementResult[]>> {
    return this.#seen(statements, await this.#lease.batch(statements, this.#call.narrow(options)))
  }

  stream(statement: CompiledQuery, chunkSize: number, options?: StatementOptions): AsyncIterable<StreamChunk> {
    const chunks = this.#lease.stream(statement, chunkSize, this.#call.narrow(options))
    return seenStream(chunks, (settled) => this.#seen([statement], settled))
  }

  begin(settings: TransactionSettings): void {
    this.#transaction = { wrote: false }
    this.#lease.begin(settings)
  }

  async commit(): Promise<Settled<void>> {
    const settled = await this.#lease.commit()
    this.#call.saw(settled, this.#transaction?.wrote === false, this.#patience)
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

  #seen<T>(statements: readonly CompiledQuery[], settled: Settled<T>): Settled<T> {
    const reads = onlyReads(statements, settled)
    if (!reads && this.#transaction !== undefined) this.#transaction.wrote = true
    // What fails in a transaction is undone with it, unless its COMMIT says otherwise.
    this.#call.saw(settled, reads || this.#transaction !== undefined, this.#patience)
    return settled
  }
}
