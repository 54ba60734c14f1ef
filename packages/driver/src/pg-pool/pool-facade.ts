import type { Pool, PoolClient, PoolOptions } from "pg"

import type { Engine } from "../engine.ts"
import { controlQuery } from "../execution/control.ts"
import type { Machine } from "../execution/machine.ts"
import { planStatements, type Place } from "../execution/plan-statement.ts"
import type { Exchange } from "../postgres/exchange.ts"
import { createTypeOverrides, pgPoolPrototype, type TypeOverrides, type TypeSource } from "../postgres/internals.ts"
import { describeStatement } from "../postgres/statement.ts"
import { answer, callbackIn, readCall, type Call, type Callback, type StatementCall } from "./call.ts"
import type { Clients, Home } from "./clients.ts"
import { Ending } from "./ending.ts"
import { answerIn, pgErrorOf, POOL_ENDED } from "./errors.ts"
import { uncommitted } from "./hold.ts"
import { Names } from "./names.ts"
import type { PooledClient } from "./pooled-client.ts"
import { PooledUse, type UseListener } from "./pooled-use.ts"
import { inherit, QueryForms } from "./query-forms.ts"
import { withRawRows } from "./raw-plan.ts"
import { resultsOf } from "./results.ts"
import { tell } from "./tell.ts"

export interface FacadeParts {
  readonly engine: Engine & { readonly machine: Machine }
  readonly clients: Clients
  readonly place: Home["place"]
  /** Parsers in front of `pg.types`. */
  readonly types: TypeSource | undefined
  /** In the words of `pg`. */
  readonly options: PoolOptions
}

const ALONE: Place = { fresh: true, inTransaction: false, readOnly: false, wantsXid: false }

const asItIs = (exchange: Exchange): Exchange => exchange

type ConnectCallback = (
  error: Error | undefined,
  client: PoolClient | undefined,
  done: (release?: unknown) => void,
) => void

/** What `pg.Pool` is to its callers, over the engine. */
export class PoolFacade extends QueryForms implements Pool {
  static {
    inherit(this.prototype, pgPoolPrototype, QueryForms.prototype)
  }

  readonly #engine: FacadeParts["engine"]
  readonly #machine: Machine
  readonly #clients: Clients
  readonly #types: TypeOverrides
  readonly #names = new Names()
  readonly #ending: Ending
  readonly #listener: UseListener
  readonly options: PoolOptions

  constructor({ engine, clients, place, types, options }: FacadeParts) {
    super()
    this.#engine = engine
    this.#machine = engine.machine
    this.#clients = clients
    this.#types = createTypeOverrides(types)
    this.options = options
    this.#ending = new Ending(engine.machine.clock, () => engine.close())
    this.#listener = {
      acquired: (connection) => {
        const client = clients.of(connection)
        client.lent = true
        tell(this, "acquire", client)
      },
      released: (connection, failure) => {
        const client = clients.of(connection)
        client.lent = false
        tell(this, "release", failure?.cause, client)
      },
    }
    clients.moveIn({ events: this, machine: this.#machine, names: this.#names, place, types: this.#types })
  }

  // Statements

  protected override answerQuery(first: unknown, second: unknown, third: unknown): unknown {
    if (typeof first === "function") {
      const error = new Error("Passing a function as the first parameter to pool.query is not supported")
      return answer(Promise.reject(error), callbackIn(first))
    }
    const call = this.#read(first, second, third)
    return answer(this.#answer(call), call.callback)
  }

  /** What the client would throw, the pool answers. */
  #read(first: unknown, second: unknown, third: unknown): Call {
    try {
      return readCall(first, second, third, (name) => this.#names.textOf(name))
    } catch (thrown) {
      const error = thrown instanceof Error ? thrown : new Error(String(thrown))
      return { kind: "wrong", error, callback: callbackIn(second) ?? callbackIn(third) }
    }
  }

  async #answer(call: Call): Promise<unknown> {
    if (this.#ending.begun) throw new Error(POOL_ENDED)
    switch (call.kind) {
      case "wrong":
        throw call.error
      case "statement":
        return this.#ending.during(() => this.#run(call))
      default:
        return this.#lend(call)
    }
  }

  async #run(call: StatementCall): Promise<unknown> {
    const query = { ...controlQuery(call.text), parameters: call.values }
    const shape = describeStatement(query)
    if (call.name !== undefined) this.#names.note(call.name, call.text)
    const planned = planStatements(this.#machine, [query], [shape], ALONE, {
      ...(call.timeoutMs !== undefined && { timeoutMs: call.timeoutMs }),
      ...(call.name !== undefined && { statementName: call.name }),
    })
    if (!planned.ok) throw pgErrorOf(planned.failure)
    const use = new PooledUse(this.#machine, this.#listener)
    const settled = await use.run(withRawRows(uncommitted(planned.value, shape, "I")), asItIs)
    const { answeredOn } = use
    const types = answeredOn === undefined ? this.#types : this.#clients.of(answeredOn).lastingTypes
    return resultsOf(answerIn(settled), call.form, types)
  }

  /** With a client of its own, for as long as it goes on. Answers with what it gives its callback, if it has one. */
  async #lend({ submittable }: Extract<Call, { readonly kind: "submittable" }>): Promise<unknown> {
    const client = await this.#checkOut()
    const own: unknown = Reflect.get(submittable, "callback")
    const told = Promise.withResolvers<unknown>()
    Object.assign(submittable, {
      callback: (error: unknown, result: unknown) => {
        if (typeof own === "function") Reflect.apply(own, submittable, [error, result])
        if (error) told.reject(error)
        else told.resolve(result)
      },
    })
    told.promise.catch(() => {})
    await client.lend(submittable)
    client.release()
    told.resolve(undefined)
    return told.promise
  }

  // Clients

  connect(): Promise<PoolClient>
  connect(callback: ConnectCallback): void
  connect(callback?: ConnectCallback): Promise<PoolClient> | void {
    const checkedOut = this.#checkOut()
    if (callback === undefined) return checkedOut
    checkedOut.then(
      (client) => process.nextTick(callback, undefined, client, client.release),
      (error: unknown) => process.nextTick(callback, error, undefined, () => {}),
    )
  }

  async #checkOut(): Promise<PooledClient> {
    if (this.#ending.begun) throw new Error(POOL_ENDED)
    const over = this.#ending.enter()
    const { pool } = this.#machine
    for (;;) {
      const acquired = await pool.acquire()
      if (!acquired.ok) {
        over()
        throw pgErrorOf(acquired.failure)
      }
      const connection = acquired.value
      if (!connection.reusable) {
        pool.giveBack(connection, "discard", connection.dead === undefined ? "not-clean" : "died")
        continue
      }
      const client = this.#clients.of(connection)
      const left = this.#ending.hold(client)
      client.hold(connection, (error) => {
        tell(this, "release", error, client)
        left()
      })
      over()
      tell(this, "acquire", client)
      return client
    }
  }

  // The pool itself

  get totalCount(): number {
    const { idle, leased, opening } = this.#machine.pool.stats()
    return idle + leased + opening
  }

  get idleCount(): number {
    return this.#machine.pool.stats().idle
  }

  /** Those for whom a connection is being opened do not count, as with `pg`. */
  get waitingCount(): number {
    const { waiting, opening } = this.#machine.pool.stats()
    return Math.max(0, waiting - opening)
  }

  get expiredCount(): number {
    return this.#machine.pool.expired
  }

  get ending(): boolean {
    return this.#ending.begun
  }

  get ended(): boolean {
    return this.#ending.over
  }

  end(): Promise<void>
  end(callback: () => void): void
  end(callback?: Callback): Promise<void> | void {
    if (!this.#ending.begun) return answer(this.#ending.begin(), callback)
    return answer(Promise.reject(new Error("Called end on pool more than once")), callback)
  }

  // What `pg.Pool` does not have

  /** The state of pool and metrics, as plain data. */
  snapshot(): ReturnType<Engine["snapshot"]> {
    return this.#engine.snapshot()
  }

  /**
   * What became of a write whose error said `effect: "unknown"`, by the `token` on that error. `unknown` again if nobody can say;
   * rejects if the database cannot be asked.
   */
  async resolve(token: string, options: Parameters<Engine["resolve"]>[1] = {}): Promise<string> {
    const settled = await this.#engine.resolve(token, options)
    if (!settled.ok) throw pgErrorOf(settled.failure)
    return settled.value
  }
}
