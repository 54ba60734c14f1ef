import type { ClientBase, Connection, PoolClient, TransactionStatus } from "pg"

import type { Machine } from "../execution/machine.ts"
import { controlQuery } from "../execution/control.ts"
import { Turns } from "../execution/turns.ts"
import type { Audience, PgConnection } from "../postgres/connection.ts"
import { Exchange } from "../postgres/exchange.ts"
import type { Request } from "../postgres/request.ts"
import {
  createTypeOverrides,
  escapeIdentifier,
  escapeLiteral,
  pgClientPrototype,
  type TypeOverrides,
} from "../postgres/internals.ts"
import { worse } from "../postgres/leftovers.ts"
import { prepareParameters } from "../postgres/parameters.ts"
import { describeStatement } from "../postgres/statement.ts"
import { answer, readCall, type Callback, type StatementCall } from "./call.ts"
import { answerIn, notQueryable } from "./errors.ts"
import { Hold } from "./hold.ts"
import type { Names } from "./names.ts"
import { inherit, QueryForms } from "./query-forms.ts"
import { raw } from "./raw-plan.ts"
import { resultsOf, taggedResult } from "./results.ts"
import { tell, tellError } from "./tell.ts"

const RELEASED_TWICE = "Release called on client which has already been released to the pool."

/** What a client needs of the pool that it belongs to. */
export interface ClientParts {
  readonly machine: Machine
  readonly names: Names
  /** Where it connects to, for whoever asks. */
  readonly place: { readonly host: string; readonly port: number; readonly user: string; readonly database: string }
  /** Parsers of the pool's own. */
  readonly types: TypeOverrides
  /** Whose own this connection is. */
  readonly ownerOf: (connection: PgConnection) => PooledClient | undefined
}

/**
 *   greeting ──▶ idle ──hold──▶ held ──release──▶ idle …
 *
 * The client that callers of the pool get: one for each physical connection, as with `pg`, so that what a listener of the pool's
 * `connect` has attached to it stays. Only while it is held, or being greeted, does it run anything.
 */
type State =
  /** Before anybody gets it: `connect` is told, and what its listeners want done is done. */
  | { readonly state: "greeting"; readonly turns: Turns; readonly done: StatementCall[] }
  | { readonly state: "idle" }
  | { readonly state: "held"; readonly hold: Hold }

export class PooledClient extends QueryForms implements PoolClient, Audience {
  static {
    inherit(this.prototype, pgClientPrototype, QueryForms.prototype)
  }

  readonly #parts: ClientParts
  /** Its own; while it is held it may use another. */
  readonly #own: PgConnection
  #current: PgConnection
  #state: State = { state: "idle" }
  /** What whoever has it reads with. */
  #types: TypeOverrides
  /** Parsers that were set while nobody had it, as listeners of `connect` do: for its connection's life. */
  #ownTypes: TypeOverrides | undefined
  /** What has been asked for, and not been answered. */
  #unanswered = 0
  /** What was done to its session when it was new. */
  #greetings: readonly StatementCall[] = []
  readonly pipeline = false
  /** Replaced whenever somebody gets the client: with whom it was before keeps his own. */
  release: (error?: Error | boolean) => void = releasedBefore

  constructor(parts: ClientParts, connection: PgConnection) {
    super()
    this.#parts = parts
    this.#own = connection
    this.#current = connection
    this.#types = createTypeOverrides(parts.types)
    connection.audience = this
  }

  // Its life

  /**
   * Runs `welcome`, and answers when all that it has asked for is done. Rejects if it does; what becomes of what it has asked for
   * is its own affair.
   *
   * @param lasting its statements are done again whenever the session was reset
   */
  async greet(welcome: () => unknown, { lasting }: { readonly lasting: boolean }): Promise<void> {
    const state: State = { state: "greeting", turns: new Turns(), done: [] }
    this.#state = state
    try {
      await welcome()
      // A listener may be waiting for its first answer before it asks for the next.
      do {
        await state.turns.drained()
        if (state.done.length > 0) await nextRound()
      } while (state.turns.busy)
      if (lasting) this.#greetings = state.done
    } finally {
      this.#state = { state: "idle" }
    }
  }

  /** Its session was reset: what was done to it at first is done again. */
  async greetAgain(): Promise<void> {
    for (const call of this.#greetings) await this.#perform(call)
  }

  hold(connection: PgConnection, released: (error: unknown) => void): void {
    const hold = new Hold(this.#parts.machine, connection, (used) => this.#use(used))
    this.#state = { state: "held", hold }
    let out = true
    this.release = (error) => {
      if (!out) throw new Error(RELEASED_TWICE)
      out = false
      this.#state = { state: "idle" }
      this.#types = createTypeOverrides(this.lastingTypes)
      released(error)
      void hold.release(error ? "discard" : "keep")
      this.#use(this.#own)
    }
  }

  /** A statement of the pool's own has its connection. */
  lent = false

  /** Somebody has it, who is told by what he asks for if it dies. */
  get occupied(): boolean {
    return this.lent || this.#state.state === "held"
  }

  /** A statement of it runs, or waits. */
  get working(): boolean {
    return this.#unanswered > 0
  }

  /** While it is held it may have to move to another connection; those that listen to it hear that one then. */
  #use(connection: PgConnection): void {
    if (connection === this.#current && connection.audience === this) return
    if (this.#current !== this.#own) this.#current.audience = this.#parts.ownerOf(this.#current)
    this.#current = connection
    connection.audience = this
  }

  // What it hears

  notice(message: unknown): void {
    tell(this, "notice", message)
  }

  notification(message: unknown): void {
    tell(this, "notification", message)
  }

  lost(cause: unknown): void {
    // Whoever runs something is told by its rejection.
    if (this.#state.state === "held") tellError(this, cause)
  }

  // Statements

  protected override answerQuery(first: unknown, second: unknown, third: unknown): unknown {
    const call = readCall(first, second, third, (name) => this.#parts.names.textOf(name))
    if (call.kind === "wrong") return answer(Promise.reject(call.error), call.callback)
    if (call.kind === "submittable") {
      const { submittable, callback } = call
      if (callback !== undefined && "callback" in submittable && !submittable.callback) {
        Object.assign(submittable, { callback })
      }
      void this.lend(submittable)
      return submittable
    }
    return answer(this.#counted(this.#run(call)), call.callback)
  }

  async lend(submittable: Parameters<Hold["lend"]>[0]): Promise<void> {
    const state = this.#state
    if (state.state === "held" && state.hold.gone === undefined) {
      const result = resultIn(submittable)
      if (result !== undefined && !Reflect.get(result, "_types")) Object.assign(result, { _types: this.#types })
      const lent = await this.#counted(state.hold.lend(submittable))
      if (lent.ok) return
    }
    const error = state.state === "held" ? notQueryable(state.hold.gone?.cause) : afterRelease()
    const handleError: unknown = Reflect.get(submittable, "handleError")
    if (typeof handleError === "function") Reflect.apply(handleError, submittable, [error, this.#current.wire])
  }

  async #run(call: StatementCall): Promise<unknown> {
    const state = this.#state
    if (state.state === "greeting") {
      state.done.push(call)
      return state.turns.take(() => this.#perform(call))
    }
    if (state.state === "idle") throw afterRelease()
    const { hold } = state
    const query = { ...controlQuery(call.text), parameters: call.values }
    const ends = describeStatement(query).control?.kind
    const { gone } = hold
    if (gone !== undefined) {
      // It is rolled back already: the first error is the one to be seen.
      if (ends === "rollback") return taggedResult("ROLLBACK", this.#types)
      throw notQueryable(gone.cause)
    }
    if (call.name !== undefined) this.#parts.names.note(call.name, call.text)
    const settled = await hold.run(query, {
      ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
      ...(call.name !== undefined && { statementName: call.name }),
    })
    const exchange = answerIn(settled)
    // With what proves it there may be no answer to it, or one more.
    const proved = ends === "commit" && exchange.claim !== undefined
    return proved ? taggedResult("COMMIT", this.#types) : resultsOf(exchange, call.form, this.#types)
  }

  /** Without the engine: the connection is nobody's yet. */
  async #perform(call: StatementCall): Promise<unknown> {
    const values = prepareParameters(call.values)
    if ("refused" in values) throw new TypeError(values.refused)
    const request: Request =
      values.length === 0
        ? { protocol: "simple", sql: call.text }
        : { protocol: "extended", steps: [{ do: "execute", sql: call.text, parameters: values }] }
    const exchange = raw(new Exchange(request))
    await new Promise((resolve) => this.#own.run(exchange, resolve))
    if (exchange.error !== undefined) throw exchange.error
    return resultsOf(exchange, call.form, this.#types)
  }

  async #counted<T>(work: Promise<T>): Promise<T> {
    this.#unanswered += 1
    try {
      return await work
    } finally {
      this.#unanswered -= 1
      if (this.#unanswered === 0) tell(this, "drain")
    }
  }

  // What `pg.Client` has besides

  get processID(): number {
    return this.#counting().processId
  }

  /** The wire itself. Whoever takes it can do anything: the connection is closed when the client is released. */
  get connection(): Connection {
    const connection = this.#counting()
    if (this.#state.state === "held") connection.leftovers = worse(connection.leftovers, "lasting")
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- pg's own, of which internals.ts describes another part
    return connection.wire as unknown as Connection
  }

  /** Whoever asks for something of this connection counts on it. */
  #counting(): PgConnection {
    if (this.#state.state === "held") this.#state.hold.stay()
    return this.#current
  }

  get host(): string {
    return this.#parts.place.host
  }

  get port(): number {
    return this.#parts.place.port
  }

  get user(): string {
    return this.#parts.place.user
  }

  get database(): string {
    return this.#parts.place.database
  }

  get ssl(): boolean {
    return "encrypted" in this.#current.wire.stream
  }

  getTransactionStatus(): TransactionStatus {
    return this.#state.state === "held" ? this.#state.hold.status : this.#current.transactionStatus
  }

  escapeIdentifier(text: string): string {
    return escapeIdentifier(text)
  }

  escapeLiteral(text: string): string {
    return escapeLiteral(text)
  }

  /** What its connection's answers are read with, whoever asks. */
  get lastingTypes(): TypeOverrides {
    return this.#ownTypes ?? this.#parts.types
  }

  /** For as long as it is held; before anybody has it, for good. */
  readonly setTypeParser: ClientBase["setTypeParser"] = (oid: number, format: unknown, parser?: unknown): void => {
    if (this.#state.state === "held") return this.#types.setTypeParser(oid, format, parser)
    this.#ownTypes ??= createTypeOverrides(this.#parts.types)
    this.#ownTypes.setTypeParser(oid, format, parser)
    this.#types = createTypeOverrides(this.#ownTypes)
  }

  readonly getTypeParser: ClientBase["getTypeParser"] = (oid: number, format?: "text" | "binary") =>
    this.#types.getTypeParser(oid, format)

  connect(): Promise<this>
  connect(callback: ((err: Error) => void) | ((err: null, client: this) => void)): void
  connect(callback?: unknown): Promise<this> | void {
    const error = new Error("Client has already been connected. You cannot reuse a client.")
    return answer(Promise.reject(error), asCallback(callback))
  }

  /** Of a client of a pool: closes its connection; `release` is still to come. */
  end(): Promise<void>
  end(callback: (err: Error) => void): void
  end(callback?: unknown): Promise<void> | void {
    if (this.#state.state === "held") this.#state.hold.stay()
    this.#current.close()
    return answer(Promise.resolve(), asCallback(callback))
  }

  /** Idle connections do not keep the process alive, and those that are held do. */
  ref(): void {
    this.#current.wake()
  }

  unref(): void {
    this.#current.rest()
  }

  /** In the types of `pg`, and in none of its versions from 7 on. */
  copyFrom(): never {
    throw new TypeError("client.copyFrom is gone from pg: use pg-copy-streams")
  }

  copyTo(): never {
    throw new TypeError("client.copyTo is gone from pg: use pg-copy-streams")
  }

  pauseDrain(): never {
    throw new TypeError("client.pauseDrain is gone from pg")
  }

  resumeDrain(): never {
    throw new TypeError("client.resumeDrain is gone from pg")
  }
}

function releasedBefore(): never {
  throw new Error(RELEASED_TWICE)
}

function afterRelease(): Error {
  return new Error(
    "The client was released to the pool: it may be somebody else's now. Release it after the last query",
  )
}

function asCallback(value: unknown): Callback | undefined {
  return typeof value === "function" ? (error, result) => Reflect.apply(value, undefined, [error, result]) : undefined
}

function resultIn(submittable: object): object | undefined {
  const result: unknown = Reflect.get(submittable, "_result")
  return typeof result === "object" && result !== null ? result : undefined
}

/** When everything that was resolved by now has been heard of. */
function nextRound(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve))
}
