import {
  createEngine,
  type Effect,
  type Engine,
  type LeaseHandle,
  type ReadyReport,
  type Settled,
  type StatementOptions,
  type StatementResult,
  type StreamChunk,
} from "@kysely-resilient/core/testing"

import { RecordingLease } from "./lease.ts"
import { Recorder } from "./recorder.ts"

type Compiled = Parameters<Engine["run"]>[0]

/**
 * What a recording database stands on: it writes down what it is asked, and answers from a script. No server, no SQL, no constraint:
 * what PostgreSQL would have made of a statement only PostgreSQL knows.
 */
export class RecordingEngine implements Engine {
  readonly recorder: Recorder = new Recorder()
  /** Never connects; it knows what a snapshot looks like. */
  #silent: Engine | undefined

  run(statement: Compiled, options: StatementOptions = {}): Promise<Settled<StatementResult>> {
    return Promise.resolve(this.recorder.answer(statement, options, undefined))
  }

  batch(statements: readonly Compiled[], options: StatementOptions = {}): Promise<Settled<readonly StatementResult[]>> {
    return Promise.resolve(this.recorder.answerAll(statements, options, undefined))
  }

  stream(statement: Compiled, chunkSize: number, options: StatementOptions = {}): AsyncIterable<StreamChunk> {
    return this.recorder.chunks(statement, chunkSize, options, undefined)
  }

  lease(): LeaseHandle {
    return new RecordingLease(this.recorder)
  }

  dialect(): never {
    throw new Error(
      "A recording database has no db.kysely: nothing executes here. Use a real one, see isolatedDatabase",
    )
  }

  async ready(): Promise<Settled<ReadyReport>> {
    return { ok: true, value: { serverVersion: "recording", connectMs: 0 }, attempts: 1 }
  }

  async resolve(): Promise<Settled<Effect>> {
    return { ok: true, value: "unknown", attempts: 1 }
  }

  readonly #listening = new Set<Parameters<Engine["listen"]>[1]>()

  /** Nobody says anything. */
  listen(_channel: string, hear: Parameters<Engine["listen"]>[1]): () => void {
    this.#listening.add(hear)
    hear({ heard: "subscribed" })
    return () => this.#listening.delete(hear)
  }

  snapshot(): ReturnType<Engine["snapshot"]> {
    return this.#nobody().snapshot()
  }

  connections(): ReturnType<Engine["connections"]> {
    return this.#nobody().connections()
  }

  configuration(): ReturnType<Engine["configuration"]> {
    return this.#nobody().configuration()
  }

  /** Tests do not wait. */
  async rest({ signal }: Parameters<Engine["rest"]>[0]): Promise<boolean> {
    return signal?.aborted !== true
  }

  takeRetry(): boolean {
    return true
  }

  tell(): void {}

  #nobody(): Engine {
    return (this.#silent ??= createEngine({ connection: "postgres://recording.invalid/none", pool: { min: 0 } }))
  }

  async close(): Promise<void> {
    this.recorder.close()
    for (const hear of this.#listening) hear({ heard: "closed" })
    await this.#silent?.close()
  }
}
