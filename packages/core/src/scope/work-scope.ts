import { AsyncLocalStorage } from "node:async_hooks"

import { deadlineAfter, systemClock, type Clock, type Deadline, type StatementOptions } from "@kysely-resilient/driver"

import { placeOf, type CallSite } from "../errors/call-site.ts"
import { promised } from "../foundation/promised.ts"
import { Repetitions, type Repetition } from "./repetitions.ts"

export interface ScopeOptions {
  /** Over everything that is done in it, milliseconds. Default: no limit besides those of each operation. */
  readonly timeoutMs?: number | undefined
  /** Whoever wanted it has gone: the same as `abort()`. */
  readonly signal?: AbortSignal | undefined
  /**
   * What its statements say of where they come from (`sqlComments`), as `/users/:id`. A function is asked for each statement: a framework may
   * know only later. Default: what the scope around it says.
   */
  readonly route?: string | (() => string | undefined) | undefined
  /** Looks for reads that are done again and again, which costs microseconds a read. Default false. */
  readonly watchRepetitions?: boolean
}

/** What holds a connection, and was not ended. */
export interface LeftBehind {
  readonly what: "transaction" | "connection" | "stream"
  /** The name that its caller gave it. */
  readonly label?: string
  /** `file:///app/src/users.ts:12:34`, where call sites are on. */
  readonly callSite?: string
}

/** What is to be said of a piece of work when it is over. */
export interface ScopeReport {
  /** Has been ended by now: transactions rolled back, connections given back, streams closed. */
  readonly leftBehind: readonly LeftBehind[]
  /** Reads that one place did again and again, each after the one before: what one query, or a batch, could have done. */
  readonly repetitions: readonly Repetition[]
}

/** As driver and core know them, for one statement. */
type Limits = Pick<StatementOptions, "signal" | "deadline">

/** Of all copies of this package in a process, which a bundler may make many: a database of one is used in a scope of another. */
interface Shared {
  readonly storage: AsyncLocalStorage<WorkScope | undefined>
  /** Whoever never opens a scope does not pay for looking whether he is in one. */
  everUsed: boolean
}

const SHARED = Symbol.for("@kysely-resilient/core.scopes.1")

const shared = sharedOf(Reflect.get(globalThis, SHARED))

function sharedOf(existing: unknown): Shared {
  if (existing !== undefined) return promised<Shared>(existing)
  const made: Shared = { storage: new AsyncLocalStorage(), everUsed: false }
  Reflect.set(globalThis, SHARED, made)
  return made
}

/**
 * One piece of work, such as a request: its deadline and its end reach every operation of core that is called inside, in any database, without
 * being passed along. What it leaves open is ended with it, and told.
 *
 *   open ──abort()──▶ aborted ──┐
 *     └──────────────end()──────┴──▶ over
 *
 * Aborted: statements are cancelled on the server, transactions rolled back, and new ones refused. A COMMIT that is on its way is not cancelled.
 * Over: what goes on regardless, as a timer that was set inside does, is no part of it any more.
 */
export class WorkScope {
  readonly #clock: Clock
  readonly #outer: WorkScope | undefined
  readonly #deadline: Deadline | undefined
  readonly #gone = new AbortController()
  /** For what holds a connection: aborted too if it was left behind. */
  #left: AbortController | undefined
  #limits: Limits | undefined
  readonly #open = new Set<Open>()
  readonly #repetitions: Repetitions | undefined
  readonly #route: ScopeOptions["route"]
  readonly #forget: (() => void) | undefined
  #over = false

  constructor(options: ScopeOptions = {}, clock: Clock = systemClock) {
    const { timeoutMs, signal, watchRepetitions, route } = options
    shared.everUsed = true
    this.#clock = clock
    this.#outer = currentScope()
    this.#route = route
    const deadline = timeoutMs === undefined ? undefined : deadlineAfter(clock, timeoutMs)
    const outer = this.#outer?.deadline
    this.#deadline = deadline === undefined || (outer !== undefined && outer.at < deadline.at) ? outer : deadline
    this.#repetitions = watchRepetitions === true ? new Repetitions() : undefined
    const signals = [signal, this.#outer?.signal].filter((one) => one !== undefined)
    const abort = (event: Event): void => {
      this.abort(event.target instanceof AbortSignal ? event.target.reason : undefined)
    }
    for (const one of signals) {
      if (one.aborted) this.abort(one.reason)
      else one.addEventListener("abort", abort, { once: true })
    }
    if (signals.length > 0) {
      this.#forget = (): void => {
        for (const one of signals) one.removeEventListener("abort", abort)
      }
    }
  }

  /** Runs `work` inside, with all that it begins. */
  run<T>(work: () => T): T {
    return shared.storage.run(this, work)
  }

  /** Aborted when whoever wanted the work has gone. */
  get signal(): AbortSignal {
    return this.#gone.signal
  }

  get deadline(): Deadline | undefined {
    return this.#deadline
  }

  /** Where what is done in it comes from, as far as is known by now. */
  get route(): string | undefined {
    const own = typeof this.#route === "function" ? this.#route() : this.#route
    return own ?? this.#outer?.route
  }

  /** Milliseconds left; Infinity without a deadline. */
  get remainingMs(): number {
    return this.#deadline === undefined ? Number.POSITIVE_INFINITY : Math.max(0, this.#deadline.at - this.#clock.now())
  }

  get over(): boolean {
    return this.#over
  }

  get outer(): WorkScope | undefined {
    return this.#outer
  }

  /** Something is open that holds a connection. */
  get holding(): boolean {
    return this.#open.size > 0
  }

  abort(reason: unknown = new DOMException("Whoever wanted this has gone", "AbortError")): void {
    if (this.#over) return
    this.#gone.abort(reason)
    this.#left?.abort(reason)
  }

  /** The work is done: ends what it has left open, and says what that was. Calling it again says nothing more. */
  end(): ScopeReport {
    if (this.#over) return NOTHING
    this.#over = true
    this.#forget?.()
    const repetitions = this.#repetitions?.found() ?? []
    if (this.#open.size === 0) return repetitions.length === 0 ? NOTHING : { leftBehind: [], repetitions }
    const leftBehind = [...this.#open].map(describe)
    this.#left?.abort(new DOMException("It was left behind by work that is done", "AbortError"))
    return { leftBehind, repetitions }
  }

  /** What a statement inside has to keep to, besides what its caller says. */
  narrow(said: StatementOptions): StatementOptions {
    if (said.signal === undefined && said.deadline === undefined) {
      this.#limits ??= { signal: this.#gone.signal, ...(this.#deadline !== undefined && { deadline: this.#deadline }) }
      return { ...said, ...this.#limits }
    }
    const deadline = earlier(said.deadline, this.#deadline)
    return { ...said, signal: both(said.signal, this.#gone.signal), ...(deadline !== undefined && { deadline }) }
  }

  /** For what holds a connection: what ends it, besides its caller's own signal. */
  holdSignal(own: AbortSignal | undefined): AbortSignal {
    if (this.#left === undefined) {
      this.#left = new AbortController()
      if (this.#gone.signal.aborted) this.#left.abort(this.#gone.signal.reason)
    }
    return both(own, this.#left.signal)
  }

  /** Something takes a connection for itself. The function that is returned says that it has ended. */
  enter(what: LeftBehind["what"], label: string | undefined, site: CallSite | undefined): () => void {
    const open: Open = { what, label, site }
    this.#open.add(open)
    return () => {
      this.#open.delete(open)
    }
  }

  /** A read begins; the function that is returned says that it has ended. */
  reads(sql: string, site: CallSite | undefined): (() => void) | undefined {
    return this.#repetitions?.began(sql, site)
  }
}

interface Open {
  readonly what: LeftBehind["what"]
  readonly label: string | undefined
  readonly site: CallSite | undefined
}

const NOTHING: ScopeReport = { leftBehind: [], repetitions: [] }

function describe({ what, label, site }: Open): LeftBehind {
  const callSite = placeOf(site)
  return { what, ...(label !== undefined && { label }), ...(callSite !== undefined && { callSite }) }
}

function both(own: AbortSignal | undefined, ours: AbortSignal): AbortSignal {
  return own === undefined || own === ours ? ours : AbortSignal.any([own, ours])
}

function earlier(one: Deadline | undefined, other: Deadline | undefined): Deadline | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.at <= other.at ? one : other
}

/** The scope that the running code is in: the innermost that is not over. */
export function currentScope(): WorkScope | undefined {
  if (!shared.everUsed) return undefined
  let found = shared.storage.getStore()
  while (found?.over === true) found = found.outer
  return found
}

/** What a statement that is sent now says of where it comes from. */
export function scopeTags(): { readonly route: string } | undefined {
  const route = currentScope()?.route
  return route === undefined ? undefined : { route }
}

/** Runs `work` as if it were in no scope: for what must be done though whoever wanted it may have gone. */
export function outsideScope<T>(work: () => T): T {
  return shared.everUsed ? shared.storage.run(undefined, work) : work()
}
