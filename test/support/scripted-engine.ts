import { systemClock } from "@kysely-resilient/driver"
import type {
  Clock,
  Configuration,
  ConnectionSnapshot,
  DriverSnapshot,
  Effect,
  Engine,
  Failure,
  Hear,
  Heard,
  LeaseHandle,
  ReadyReport,
  Rest,
  Settled,
  StatementOptions,
  StatementResult,
  StreamChunk,
  Told,
  TransactionSettings,
} from "@kysely-resilient/driver"
import type { CompiledQuery, Dialect } from "kysely"

/** What the script says to one statement. */
export type Reply =
  | {
      readonly rows?: readonly unknown[]
      readonly affected?: bigint
      readonly command?: string
      readonly fails?: undefined
    }
  | { readonly fails: Failure; readonly value?: StatementResult }

export interface Asked {
  readonly sql: string
  readonly parameters: readonly unknown[]
  readonly options: StatementOptions
  /** 0 on the pool itself, then 1, 2, … by lease. */
  readonly lease: number
}

export interface Script {
  /** Default: no rows. */
  readonly statement?: (asked: Asked) => Reply | Promise<Reply>
  /** Why the COMMIT of a transaction without a failure fails, if it does. */
  readonly commit?: (lease: number) => Failure | undefined | Promise<Failure | undefined>
  readonly rollback?: (lease: number) => void | Promise<void>
  readonly ready?: () => Settled<ReadyReport>
  readonly snapshot?: () => DriverSnapshot
  readonly connections?: () => readonly ConnectionSnapshot[]
  readonly resolve?: (token: string) => Settled<Effect>
  /** The budget of retries is spent. */
  readonly retriesSpent?: boolean
  readonly chunks?: (asked: Asked) => AsyncIterable<StreamChunk>
}

/** A failure as the driver would make it; a plain statement's own fault unless said otherwise. */
export function failure(kind: Failure["kind"], facts: Partial<Failure> = {}): Failure {
  return {
    kind,
    blame: "statement",
    retry: "never",
    pace: "quick",
    connection: "keep",
    effect: "not_applied",
    origin: "server",
    phase: "transaction",
    message: `the server's words for ${kind}`,
    ...facts,
  }
}

/** What another transaction in the way looks like. */
export function conflict(facts: Partial<Failure> = {}): Failure {
  return failure("serialization_failure", { retry: "transaction", sqlState: "40001", ...facts })
}

/**
 * An Engine that answers what a test says and writes down what it was asked: `1: begin`, `1: insert …`, `1: commit`. It
 * keeps the contract of `engine.ts` and nothing else: no PostgreSQL, no SQL.
 */
export class ScriptedEngine implements Engine {
  readonly log: string[] = []
  readonly told: Told[] = []
  readonly begun: TransactionSettings[] = []
  readonly asked: Asked[] = []
  readonly rests: Rest[] = []
  readonly script: Script
  readonly #clock: Clock
  /** Leases taken and not given back. */
  held = 0
  #leases = 0
  closed = false

  constructor(script: Script = {}, clock: Clock = systemClock) {
    this.script = script
    this.#clock = clock
  }

  async run(statement: CompiledQuery, options: StatementOptions = {}): Promise<Settled<StatementResult>> {
    return this.answer(statement, options, 0)
  }

  async batch(
    statements: readonly CompiledQuery[],
    options: StatementOptions = {},
  ): Promise<Settled<readonly StatementResult[]>> {
    return this.answerAll(statements, options, 0)
  }

  stream(statement: CompiledQuery, chunkSize: number, options: StatementOptions = {}): AsyncIterable<StreamChunk> {
    return this.chunks(statement, chunkSize, options, 0)
  }

  lease(): LeaseHandle {
    this.#leases += 1
    this.held += 1
    return new ScriptedLease(this, this.#leases)
  }

  dialect(): Dialect {
    throw new Error("not scripted")
  }

  async ready(): Promise<Settled<ReadyReport>> {
    return this.script.ready?.() ?? { ok: true, value: { serverVersion: "18.4", connectMs: 1 }, attempts: 1 }
  }

  async resolve(token: string): Promise<Settled<Effect>> {
    this.log.push(`resolve ${token}`)
    return this.script.resolve?.(token) ?? { ok: true, value: "unknown", attempts: 1 }
  }

  /** By channel, those who listen: the test is who speaks. */
  readonly hearing = new Map<string, Set<Hear>>()

  listen(channel: string, hear: Hear): () => void {
    const hearing = this.hearing.get(channel) ?? new Set()
    this.hearing.set(channel, hearing.add(hear))
    return () => {
      hearing.delete(hear)
      if (hearing.size === 0) this.hearing.delete(channel)
    }
  }

  say(channel: string, heard: Heard): void {
    for (const hear of this.hearing.get(channel) ?? []) hear(heard)
  }

  configuration(): Configuration {
    throw new Error("not scripted")
  }

  connections(): readonly ConnectionSnapshot[] {
    return this.script.connections?.() ?? []
  }

  snapshot(): DriverSnapshot {
    if (this.script.snapshot === undefined) throw new Error("not scripted")
    return this.script.snapshot()
  }

  /** Its full length: no server of this engine is ever away. */
  rest(rest: Rest): Promise<boolean> {
    this.rests.push(rest)
    const { mostMs, signal } = rest
    return new Promise((resolve) => {
      const end = (waited: boolean): void => {
        timer.cancel()
        signal?.removeEventListener("abort", onAbort)
        resolve(waited)
      }
      const onAbort = (): void => end(false)
      const timer = this.#clock.after(mostMs, () => end(true))
      signal?.addEventListener("abort", onAbort)
    })
  }

  takeRetry(): boolean {
    return this.script.retriesSpent !== true
  }

  tell(event: Told): void {
    this.told.push(event)
  }

  async close(): Promise<void> {
    this.closed = true
  }

  async answer(statement: CompiledQuery, options: StatementOptions, lease: number): Promise<Settled<StatementResult>> {
    this.log.push(`${lease}: ${statement.sql}`)
    const asked = { sql: statement.sql, parameters: statement.parameters, options, lease }
    this.asked.push(asked)
    const reply = (await this.script.statement?.(asked)) ?? {}
    if (reply.fails !== undefined) {
      const { fails, value } = reply
      return { ok: false, failure: fails, attempts: 1, because: "not-transient", ...(value !== undefined && { value }) }
    }
    const { rows = [], affected, command = "SELECT" } = reply
    return { ok: true, value: { rows, affected, command }, attempts: 1 }
  }

  async answerAll(
    statements: readonly CompiledQuery[],
    options: StatementOptions,
    lease: number,
  ): Promise<Settled<readonly StatementResult[]>> {
    const results: StatementResult[] = []
    for (const statement of statements) {
      const settled = await this.answer(statement, options, lease)
      if (!settled.ok) {
        const { failure: fails, attempts, because } = settled
        return { ok: false, failure: fails, attempts, because }
      }
      results.push(settled.value)
    }
    return { ok: true, value: results, attempts: 1 }
  }

  async *chunks(
    statement: CompiledQuery,
    chunkSize: number,
    options: StatementOptions,
    lease: number,
  ): AsyncGenerator<StreamChunk, void, undefined> {
    this.log.push(`${lease}: stream ${statement.sql} by ${chunkSize}`)
    const asked = { sql: statement.sql, parameters: statement.parameters, options, lease }
    this.asked.push(asked)
    try {
      if (this.script.chunks !== undefined) yield* this.script.chunks(asked)
    } finally {
      this.log.push(`${lease}: stream closed`)
    }
  }
}

class ScriptedLease implements LeaseHandle {
  holds(): boolean {
    return false
  }

  readonly #engine: ScriptedEngine
  readonly #number: number
  readonly #savepoints: { readonly name: string; readonly before: Failure | undefined }[] = []
  #transaction: "none" | "open" | "over" = "none"
  #released = false
  #last: Promise<unknown> = Promise.resolve()
  #firstFailure: Failure | undefined

  constructor(engine: ScriptedEngine, number: number) {
    this.#engine = engine
    this.#number = number
  }

  get firstFailure(): Failure | undefined {
    return this.#firstFailure
  }

  run(statement: CompiledQuery, options: StatementOptions = {}): Promise<Settled<StatementResult>> {
    return this.#inTurn(() => this.#engine.answer(statement, options, this.#number))
  }

  batch(
    statements: readonly CompiledQuery[],
    options: StatementOptions = {},
  ): Promise<Settled<readonly StatementResult[]>> {
    return this.#inTurn(() => this.#engine.answerAll(statements, options, this.#number))
  }

  stream(statement: CompiledQuery, chunkSize: number, options: StatementOptions = {}): AsyncIterable<StreamChunk> {
    return this.#engine.chunks(statement, chunkSize, options, this.#number)
  }

  begin(settings: TransactionSettings): void {
    if (this.#transaction === "open") throw new Error("bug: a transaction is open on this lease already")
    this.#engine.begun.push(settings)
    this.#transaction = "open"
    this.#firstFailure = undefined
    this.#say("begin")
  }

  async commit(): Promise<Settled<void>> {
    await this.#last
    this.#transaction = "none"
    this.#say("commit")
    const first = this.#firstFailure
    const wrong =
      first === undefined
        ? await this.#engine.script.commit?.(this.#number)
        : failure("transaction_aborted", { message: `rolled back: ${first.message}`, origin: "client" })
    if (wrong === undefined) return { ok: true, value: undefined, attempts: 1 }
    this.#firstFailure ??= wrong
    return { ok: false, failure: wrong, attempts: 1, because: "not-transient" }
  }

  async rollback(reason: "caller" | "failed" | "deadline"): Promise<void> {
    const open = this.#transaction === "open"
    // Ended by its deadline it stays in the way until its holder ends it himself.
    this.#transaction = reason === "deadline" ? "over" : "none"
    if (!open) return
    this.#say(`rollback (${reason})`)
    await this.#engine.script.rollback?.(this.#number)
  }

  savepoint(name: string): Promise<Settled<void>> {
    return this.#control(`savepoint ${name}`, () => this.#savepoints.push({ name, before: this.#firstFailure }))
  }

  rollbackTo(name: string): Promise<Settled<void>> {
    return this.#control(`rollback to ${name}`, () => {
      const at = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
      if (this.#firstFailure?.kind !== "serialization_failure") this.#firstFailure = this.#savepoints[at]?.before
      this.#savepoints.length = at + 1
    })
  }

  releaseSavepoint(name: string): Promise<Settled<void>> {
    return this.#control(`release ${name}`, () => {
      this.#savepoints.length = this.#savepoints.findLastIndex((savepoint) => savepoint.name === name)
    })
  }

  async release(): Promise<void> {
    if (this.#released) return
    this.#released = true
    this.#engine.held -= 1
    this.#say("release")
  }

  async #control(sql: string, done: () => void): Promise<Settled<void>> {
    return this.#inTurn(async () => {
      this.#say(sql)
      if (this.#firstFailure !== undefined && !sql.startsWith("rollback")) {
        const aborted = failure("transaction_aborted", { sqlState: "25P02" })
        return { ok: false, failure: aborted, attempts: 1, because: "in-transaction" }
      }
      done()
      return { ok: true, value: undefined, attempts: 1 }
    })
  }

  #inTurn<T>(work: () => Promise<Settled<T>>): Promise<Settled<T>> {
    if (this.#released || this.#transaction === "over") {
      const refused = failure("refused", { origin: "client", message: "the lease refuses it" })
      return Promise.resolve({ ok: false, failure: refused, attempts: 0, because: "not-transient" })
    }
    const turn = this.#last.then(async () => {
      const settled = await work()
      if (!settled.ok && this.#transaction === "open") this.#firstFailure ??= settled.failure
      return settled
    })
    this.#last = turn.catch(() => {})
    return turn
  }

  #say(what: string): void {
    this.#engine.log.push(`${this.#number}: ${what}`)
  }
}
