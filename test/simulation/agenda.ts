import type { Clock, Timer, TimerOptions } from "@kysely-resilient/driver/src/foundation/clock.ts"

import type { Chance } from "./chance.ts"

/** Where something happens: what happens in the client may set promises going. */
export type Where = "client" | "server"

interface Entry {
  readonly at: number
  /** Of two that are due together. */
  readonly tie: number
  readonly order: number
  readonly where: Where
  readonly run: () => void
  state: "due" | "over"
}

const STARTS_AT_MS = 1_000_000
const WALL_TIME_AT_START = Date.UTC(2026, 0, 1)

/**
 * Everything that is going to happen, in the order of a time that passes only from one happening to the next. It is the
 * driver's clock, too. What is due at the same moment happens in an order that the seed decides, but timers of the same length
 * in the order in which they were set, as in Node.
 */
export class Agenda implements Clock {
  readonly #chance: Chance
  readonly #salt: number
  readonly #heap: Entry[] = []
  #now = STARTS_AT_MS
  #orders = 0
  #foreground = 0
  #background = 0
  /** Timers are never early; of those that are late, by at most this. */
  lateMs = 0

  constructor(chance: Chance) {
    this.#chance = chance
    this.#salt = chance.whole(1, 1_000_000)
  }

  now(): number {
    return this.#now
  }

  wallTime(): number {
    return WALL_TIME_AT_START + this.#now - STARTS_AT_MS
  }

  /** A timer of the client's. */
  after(delayMs: number, run: () => void, options?: TimerOptions): Timer {
    const background = options?.background === true
    const length = Math.max(1, Math.ceil(delayMs))
    const late = this.lateMs > 0 && this.#chance.maybe(0.1) ? this.#chance.between(0, this.lateMs) : 0
    this.#count(background, 1)
    const entry = this.#add(length + late, (Math.imul(length, 2_654_435_761) ^ this.#salt) >>> 0, "client", () => {
      this.#count(background, -1)
      run()
    })
    return {
      cancel: () => {
        if (entry.state === "over") return
        entry.state = "over"
        this.#count(background, -1)
      },
    }
  }

  /** Something of the world around the client. */
  soon(delayMs: number, where: Where, run: () => void): { cancel(): void } {
    const entry = this.#add(delayMs, Math.floor(this.#chance.next() * 4_294_967_296), where, run)
    return {
      cancel: () => {
        entry.state = "over"
      },
    }
  }

  /** The client's timers that are set. */
  get timers(): { readonly foreground: number; readonly background: number } {
    return { foreground: this.#foreground, background: this.#background }
  }

  /** When the next thing happens; Infinity if never. */
  get nextAt(): number {
    for (let first = this.#heap[0]; first !== undefined; first = this.#heap[0]) {
      if (first.state === "due") return first.at
      this.#pop()
    }
    return Number.POSITIVE_INFINITY
  }

  /** The next thing happens; where it did, or undefined if there is none. */
  step(): Where | undefined {
    for (let entry = this.#pop(); entry !== undefined; entry = this.#pop()) {
      if (entry.state === "over") continue
      entry.state = "over"
      if (entry.at > this.#now) this.#now = entry.at
      entry.run()
      return entry.where
    }
    return undefined
  }

  /** The process stands still: whatever was due meanwhile is late. */
  oversleep(ms: number): void {
    this.#now += ms
  }

  #count(background: boolean, change: number): void {
    if (background) this.#background += change
    else this.#foreground += change
  }

  #add(delayMs: number, tie: number, where: Where, run: () => void): Entry {
    this.#orders += 1
    const entry: Entry = { at: this.#now + Math.max(0, delayMs), tie, order: this.#orders, where, run, state: "due" }
    const heap = this.#heap
    let at = heap.length
    heap.push(entry)
    while (at > 0) {
      const above = (at - 1) >> 1
      const parent = heap[above]
      if (parent === undefined || !before(entry, parent)) break
      heap[at] = parent
      at = above
    }
    heap[at] = entry
    return entry
  }

  #pop(): Entry | undefined {
    const heap = this.#heap
    const first = heap[0]
    const last = heap.pop()
    if (first === undefined || last === undefined || heap.length === 0) return first
    let at = 0
    for (;;) {
      const left = heap[2 * at + 1]
      const right = heap[2 * at + 2]
      if (left === undefined) break
      const smaller = right !== undefined && before(right, left) ? right : left
      if (!before(smaller, last)) break
      heap[at] = smaller
      at = smaller === left ? 2 * at + 1 : 2 * at + 2
    }
    heap[at] = last
    return first
  }
}

function before(a: Entry, b: Entry): boolean {
  if (a.at !== b.at) return a.at < b.at
  return a.tie === b.tie ? a.order < b.order : a.tie < b.tie
}
