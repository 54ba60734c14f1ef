import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import type { Clock } from "../foundation/clock.ts"
import type { Deadline } from "../foundation/deadline.ts"
import { invariant } from "../foundation/invariant.ts"
import { Timetable } from "../foundation/timetable.ts"

/** Who has something of the pool's in hand, and gives it back only when he is done. */
export interface Holder {
  holds(resource: unknown): boolean
}

/** What limits one's waiting, besides `acquireTimeoutMs`. */
export interface WaitOptions {
  readonly deadline?: Deadline | undefined
  readonly signal?: AbortSignal | undefined
  /** The one who waits does so inside of what this one does, who goes on only afterwards. */
  readonly holder?: Holder | undefined
  /** What it is for was begun earlier: while the pool is drained it is let in all the same. */
  readonly begun?: boolean | undefined
}

/** Why one leaves the line without being served. */
export type Leaving = "acquire-timeout" | "deadline" | "outage-wait" | "abort" | "standstill" | "shed"

/** One who waits, as others may see it. */
export interface Waiting {
  readonly joinedAt: number
  /** At its deadline or after `acquireTimeoutMs`. */
  readonly leavesAt: number
  readonly options: WaitOptions
}

interface Waiter<T> extends Waiting {
  readonly answer: (outcome: Outcome<T>) => void
  readonly onAbort: (() => void) | undefined
  ahead: Waiter<T> | undefined
  behind: Waiter<T> | undefined
}

interface WaitersParts {
  readonly clock: Clock
  readonly acquireTimeoutMs: number
  /** What to tell one who leaves of its own accord. */
  readonly refusal: (why: Leaving, waiting: Waiting) => Failure
  /** Told whenever the last one has left it. */
  readonly emptied: () => void
}

/**
 * The line. First come, first served; whoever is in it leaves it exactly once: served, refused, at its deadline, or
 * when its signal aborts. A linked list, so that all of this takes the same time however long the line is.
 */
export class Waiters<T> {
  readonly #parts: WaitersParts
  readonly #departures: Timetable<Waiter<T>>
  #first: Waiter<T> | undefined
  #last: Waiter<T> | undefined
  #size = 0
  #holding = 0
  #standingSince = 0

  constructor(parts: WaitersParts) {
    this.#parts = parts
    this.#departures = new Timetable(parts.clock, (waiter) => {
      this.#dismiss(waiter, waiter.options.deadline?.at === waiter.leavesAt ? "deadline" : "acquire-timeout")
    })
  }

  get size(): number {
    return this.#size
  }

  /** How many of them hold something already. */
  get holding(): number {
    return this.#holding
  }

  /** Since when there is always somebody in it; means nothing while there is nobody. */
  get standingSince(): number {
    return this.#standingSince
  }

  /** From the end of the line. */
  *holders(): Generator<Waiting & { readonly holder: Holder }> {
    for (let waiter = this.#last; waiter !== undefined; waiter = waiter.ahead) {
      const { holder } = waiter.options
      const { joinedAt, leavesAt, options } = waiter
      if (holder !== undefined) yield { holder, joinedAt, leavesAt, options }
    }
  }

  /** Who is served next. */
  get first(): Waiting | undefined {
    return this.#first
  }

  /** At the end of the line. The promise never rejects. */
  join(options: WaitOptions): Promise<Outcome<T>> {
    const { promise, resolve } = Promise.withResolvers<Outcome<T>>()
    const joinedAt = this.#parts.clock.now()
    const waiter: Waiter<T> = {
      joinedAt,
      options,
      leavesAt: Math.min(joinedAt + this.#parts.acquireTimeoutMs, options.deadline?.at ?? Number.POSITIVE_INFINITY),
      answer: resolve,
      onAbort: options.signal === undefined ? undefined : () => this.#dismiss(waiter, "abort"),
      ahead: this.#last,
      behind: undefined,
    }
    if (this.#last === undefined) {
      this.#first = waiter
      this.#standingSince = joinedAt
    } else this.#last.behind = waiter
    this.#last = waiter
    this.#size += 1
    if (options.holder !== undefined) this.#holding += 1
    this.#departures.add(waiter.leavesAt, waiter)
    if (waiter.onAbort !== undefined) options.signal?.addEventListener("abort", waiter.onAbort)
    return promise
  }

  /** Gives it to the first in line; there must be one. */
  serve(resource: T): void {
    const waiter = this.#first
    invariant(waiter !== undefined, "there is nobody to serve")
    this.#leave(waiter)
    waiter.answer(success(resource))
  }

  /** The first has waited long enough. */
  dismissFirst(why: Leaving): void {
    if (this.#first !== undefined) this.#dismiss(this.#first, why)
  }

  /** Of those who hold something, the one who came last. */
  dismissLastHolder(why: Leaving): void {
    let waiter = this.#last
    while (waiter !== undefined && waiter.options.holder === undefined) waiter = waiter.ahead
    if (waiter !== undefined) this.#dismiss(waiter, why)
  }

  /** Everybody who is in line now, in its order. */
  refuseAll(failureOf: (waiting: Waiting) => Failure): void {
    while (this.#first !== undefined) this.#refuse(this.#first, failureOf(this.#first))
  }

  #dismiss(waiter: Waiter<T>, why: Leaving): void {
    this.#refuse(waiter, this.#parts.refusal(why, waiter))
  }

  #refuse(waiter: Waiter<T>, failure: Failure): void {
    this.#leave(waiter)
    waiter.answer(failed(failure))
  }

  #leave(waiter: Waiter<T>): void {
    if (waiter.ahead === undefined) this.#first = waiter.behind
    else waiter.ahead.behind = waiter.behind
    if (waiter.behind === undefined) this.#last = waiter.ahead
    else waiter.behind.ahead = waiter.ahead
    waiter.ahead = undefined
    waiter.behind = undefined
    this.#size -= 1
    if (this.#size === 0) this.#parts.emptied()
    if (waiter.options.holder !== undefined) this.#holding -= 1
    this.#departures.remove(waiter.leavesAt, waiter)
    if (waiter.onAbort !== undefined) waiter.options.signal?.removeEventListener("abort", waiter.onAbort)
  }
}
