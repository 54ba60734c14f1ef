import type {
  Failure,
  LeaseHandle,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
} from "@kysely-resilient/core/testing"

import { failureOf } from "../failures.ts"
import type { Recorder } from "./recorder.ts"

type Compiled = Parameters<LeaseHandle["run"]>[0]

/** One connection of a recording database: statements in order, and a transaction that fails with its first failed statement. */
export class RecordingLease implements LeaseHandle {
  readonly #recorder: Recorder
  readonly #savepoints: { readonly name: string; readonly before: Failure | undefined }[] = []
  /** The number of the transaction that is open. */
  #transaction: number | undefined
  #released = false
  #firstFailure: Failure | undefined

  constructor(recorder: Recorder) {
    this.#recorder = recorder
  }

  get firstFailure(): Failure | undefined {
    return this.#firstFailure
  }

  holds(): boolean {
    return false
  }

  run(statement: Compiled, options: StatementOptions = {}): Promise<Settled<StatementResult>> {
    return Promise.resolve(this.#noted(() => this.#recorder.answer(statement, options, this.#transaction)))
  }

  batch(statements: readonly Compiled[], options: StatementOptions = {}): Promise<Settled<readonly StatementResult[]>> {
    return Promise.resolve(this.#noted(() => this.#recorder.answerAll(statements, options, this.#transaction)))
  }

  async *stream(
    statement: Compiled,
    chunkSize: number,
    options: StatementOptions = {},
  ): AsyncGenerator<StreamChunk, void, undefined> {
    for await (const chunk of this.#recorder.chunks(statement, chunkSize, options, this.#transaction)) {
      yield this.#noted(() => chunk)
    }
  }

  begin(): void {
    this.#transaction = this.#recorder.beginTransaction()
    this.#firstFailure = undefined
  }

  async commit(): Promise<Settled<void>> {
    this.#transaction = undefined
    if (this.#firstFailure === undefined) {
      this.#recorder.log.push("commit")
      return { ok: true, value: undefined, attempts: 1 }
    }
    this.#recorder.log.push("rollback")
    const failure = failureOf("transaction_aborted")
    return { ok: false, failure, attempts: 0, because: "not-transient" }
  }

  async rollback(): Promise<void> {
    if (this.#transaction !== undefined) this.#recorder.log.push("rollback")
    this.#transaction = undefined
  }

  savepoint(name: string): Promise<Settled<void>> {
    return this.#control(`savepoint ${name}`, () => this.#savepoints.push({ name, before: this.#firstFailure }))
  }

  rollbackTo(name: string): Promise<Settled<void>> {
    return this.#control(`rollback to ${name}`, () => {
      const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
      // A conflict is not undone by a savepoint.
      if (this.#firstFailure?.retry !== "transaction") this.#firstFailure = this.#savepoints[at]?.before
      this.#savepoints.length = at + 1
    })
  }

  releaseSavepoint(name: string): Promise<Settled<void>> {
    return this.#control(`release ${name}`, () => {
      this.#savepoints.length = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    })
  }

  async release(): Promise<void> {
    await this.rollback()
    this.#released = true
  }

  async #control(sql: string, done: () => void): Promise<Settled<void>> {
    return this.#noted(() => {
      this.#recorder.log.push(sql)
      if (this.#firstFailure !== undefined && !sql.startsWith("rollback")) {
        return { ok: false, failure: failureOf("transaction_aborted"), attempts: 1, because: "in-transaction" }
      }
      done()
      return { ok: true, value: undefined, attempts: 1 }
    })
  }

  /** What fails in a transaction fails it. */
  #noted<T>(work: () => Settled<T>): Settled<T> {
    if (this.#released) return { ok: false, failure: failureOf("refused"), attempts: 0, because: "not-transient" }
    const settled = work()
    if (!settled.ok && this.#transaction !== undefined) this.#firstFailure ??= settled.failure
    return settled
  }
}
