import {
  describeStatement,
  type Session as DriverSession,
  type Settled,
  type StatementOptions,
  type StatementResult,
  type StreamChunk,
} from "@kysely-resilient/driver"
import type { CompiledQuery } from "kysely"

import type { Patience, ResilientCall } from "../scope/resilient-call.ts"

/** A session inside of a resilient call, which counts its tries, and is told of what was written on it. */
export class CountedSession implements DriverSession {
  readonly #session: DriverSession
  protected readonly call: ResilientCall
  protected readonly patience: Patience

  constructor(session: DriverSession, call: ResilientCall, patience: Patience) {
    this.#session = session
    this.call = call
    this.patience = patience
  }

  async run(statement: CompiledQuery, options?: StatementOptions): Promise<Settled<StatementResult>> {
    const settled = await this.#session.run(statement, this.call.narrow(options))
    this.#count([statement], settled)
    return settled
  }

  async batch(
    statements: readonly CompiledQuery[],
    options?: StatementOptions,
  ): Promise<Settled<readonly StatementResult[]>> {
    const settled = await this.#session.batch(statements, this.call.narrow(options))
    this.#count(statements, settled)
    return settled
  }

  stream(statement: CompiledQuery, chunkSize: number, options?: StatementOptions): AsyncIterable<StreamChunk> {
    return this.#counted(statement, this.#session.stream(statement, chunkSize, this.call.narrow(options)))
  }

  /** `reads`: it cannot have written, whatever became of it. */
  protected count(settled: Settled<unknown>, reads: boolean): void {
    this.call.saw(settled, reads, this.patience)
  }

  async *#counted(
    statement: CompiledQuery,
    chunks: AsyncIterable<StreamChunk>,
  ): AsyncGenerator<StreamChunk, void, undefined> {
    for await (const chunk of chunks) {
      this.#count([statement], chunk)
      yield chunk
    }
  }

  #count(statements: readonly CompiledQuery[], settled: Settled<unknown>): void {
    // The server ran it in a read-only transaction, or its tree proves so.
    const reads =
      (settled.ok && settled.access === "read") ||
      statements.every((statement) => describeStatement(statement).reads === "proved")
    this.count(settled, reads)
  }
}
