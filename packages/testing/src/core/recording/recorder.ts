import type { Engine, Settled, StatementOptions, StatementResult, StreamChunk } from "@kysely-resilient/core/testing"

import { failureOf } from "../failures.ts"
import { Script, type RecordedStatement } from "./script.ts"

type Compiled = Parameters<Engine["run"]>[0]

/** Writes down what a recording database is asked, and answers from its script. */
export class Recorder {
  readonly script: Script = new Script()
  readonly statements: RecordedStatement[] = []
  /** With `begin`, `commit`, `rollback` and savepoints. */
  readonly log: string[] = []
  #transactions = 0
  #closed = false

  beginTransaction(): number {
    this.#transactions += 1
    this.log.push("begin")
    return this.#transactions
  }

  close(): void {
    this.#closed = true
  }

  answer(
    { sql, parameters }: Compiled,
    { label, signal }: StatementOptions,
    transaction: number | undefined,
  ): Settled<StatementResult> {
    const statement: RecordedStatement = { sql, parameters: [...parameters], name: label, transaction }
    this.statements.push(statement)
    this.log.push(sql)
    if (this.#closed || signal?.aborted === true) {
      return {
        ok: false,
        failure: failureOf(this.#closed ? "pool_closed" : "aborted"),
        attempts: 0,
        because: "not-transient",
      }
    }
    const outcome = this.script.answer(statement)
    if (outcome.ok) return { ok: true, value: outcome.result, attempts: 1 }
    const { failure, error } = outcome
    return { ok: false, failure, attempts: Math.max(1, error.attempts), because: error.because ?? "not-transient" }
  }

  answerAll(
    statements: readonly Compiled[],
    options: StatementOptions,
    transaction: number | undefined,
  ): Settled<readonly StatementResult[]> {
    const results: StatementResult[] = []
    for (const statement of statements) {
      const settled = this.answer(statement, options, transaction)
      if (!settled.ok) {
        const { failure, attempts, because } = settled
        return { ok: false, failure, attempts, because }
      }
      results.push(settled.value)
    }
    return { ok: true, value: results, attempts: 1 }
  }

  async *chunks(
    statement: Compiled,
    chunkSize: number,
    options: StatementOptions,
    transaction: number | undefined,
  ): AsyncGenerator<StreamChunk, void, undefined> {
    const settled = this.answer(statement, options, transaction)
    if (!settled.ok) {
      const { failure, attempts, because } = settled
      yield { ok: false, failure, attempts, because }
      return
    }
    const { rows } = settled.value
    for (let from = 0; from < rows.length; from += chunkSize) {
      yield { ok: true, value: rows.slice(from, from + chunkSize), attempts: 1 }
    }
  }
}
