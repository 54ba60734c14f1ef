import type { Random } from "@kysely-resilient/driver"
import { setTimeout as sleep } from "node:timers/promises"

import { note } from "./app/journal.ts"
import { closesIn, extremesIn, streamCloses, type Period } from "./app/market.ts"
import type { Close } from "./app/advice.ts"
import { signalPeriod } from "./app/signals.ts"
import type { Store } from "./app/store.ts"
import { transfer } from "./app/transfers.ts"
import type { Desk } from "./desk.ts"
import { integerBelow, seededRandom } from "./random.ts"
import { sameCloses, type Truth } from "./truth.ts"

export interface CrewOptions {
  readonly store: Store
  readonly desk: Desk
  readonly truth: Truth
  readonly instrument: number
  readonly accounts: readonly number[]
  readonly seed: number
  /** The longest that a worker thinks between two operations, milliseconds. */
  readonly thinkMs: number
}

/** How many do what, at the same time. Together more than the pool has connections. */
const READERS = 4
const STREAMERS = 1
const ANALYSTS = 2
const NOTE_TAKERS = 3
const CASHIERS = 3

/** The longest period that a reader asks for; about a year of trading days is a few hundred rows. */
const MONTHS_READ_MAX = 12
const CENTS_MAX = 1_000

/** The people who use the application, all at once, until they are told to rest. */
export class Crew {
  readonly #options: CrewOptions
  readonly #rest = new AbortController()
  readonly #workers: Promise<void>[] = []
  /** Months whose signals were stored and acknowledged. */
  readonly signalled: Set<string> = new Set<string>()
  /** Reads that succeeded with something else than what the file says. */
  readonly wrongReads: string[] = []

  constructor(options: CrewOptions) {
    this.#options = options
  }

  start(): void {
    const roles = [
      ...Array.from({ length: READERS }, () => this.#reader),
      ...Array.from({ length: STREAMERS }, () => this.#streamer),
      ...Array.from({ length: ANALYSTS }, (_, index) => this.#analyst(index)),
      ...Array.from({ length: NOTE_TAKERS }, () => this.#noteTaker),
      ...Array.from({ length: CASHIERS }, () => this.#cashier),
    ]
    this.#workers.push(...roles.map((role, index) => this.#work(index + 1, role)))
  }

  /** No new operation from now on; resolves when those that are under way have been answered. */
  async rest(): Promise<void> {
    this.#rest.abort()
    await Promise.all(this.#workers)
  }

  async #work(worker: number, role: (worker: number, random: Random) => Promise<unknown>): Promise<void> {
    const random = seededRandom(this.#options.seed + worker)
    while (!this.#rest.signal.aborted) {
      await role(worker, random)
      await sleep(random() * this.#options.thinkMs)
    }
  }

  readonly #reader = async (_worker: number, random: Random): Promise<void> => {
    const { store, desk, truth, instrument } = this.#options
    const period = this.#somePeriod(random)
    if (random() < 0.5) {
      const found = await desk.read("read", (options) => closesIn(store, instrument, period, options))
      if (found.isOk() && !sameCloses(found.value, truth.closesIn(period))) this.#wrong("closes", period)
      return
    }
    const found = await desk.read("read", (options) => extremesIn(store, instrument, period, options))
    if (found.isErr()) return
    const { days, lowest, highest } = truth.extremesIn(period)
    const same =
      Number(found.value.days) === days &&
      Number(found.value.lowest) === lowest &&
      Number(found.value.highest) === highest
    if (!same) this.#wrong("extremes", period)
  }

  readonly #streamer = async (): Promise<void> => {
    const { store, desk, truth, instrument } = this.#options
    const found: Close[] = []
    const streamed = await desk.stream(
      (options) => streamCloses(store, instrument, (close) => void found.push(close), options),
      () => found.length,
    )
    // Cut off, it says so; what came before must still be right.
    const expected = streamed.isOk() ? truth.closes : truth.closes.slice(0, found.length)
    if (!sameCloses(found, expected)) this.wrongReads.push(`stream: ${found.length} rows`)
  }

  /** Each has months of its own, so that two never replace the same ones at once. */
  #analyst(offset: number): (worker: number) => Promise<void> {
    let turn = offset
    return async (worker) => {
      const { store, desk, truth, instrument } = this.#options
      const month = truth.months[turn % truth.months.length]!
      turn += ANALYSTS
      const stored = await desk.write("signal", worker, (entry, options) =>
        signalPeriod(store, instrument, month, entry, options),
      )
      if (stored.isOk()) this.signalled.add(month.from.slice(0, 7))
    }
  }

  readonly #noteTaker = async (worker: number): Promise<void> => {
    const { store, desk } = this.#options
    await desk.write("journal", worker, (entry, options) => note(store, entry, options))
  }

  readonly #cashier = async (worker: number, random: Random): Promise<void> => {
    const { store, desk, accounts } = this.#options
    const from = integerBelow(random, accounts.length)
    const to = (from + 1 + integerBelow(random, accounts.length - 1)) % accounts.length
    const order = { from: accounts[from]!, to: accounts[to]!, amount: cents(1 + integerBelow(random, CENTS_MAX)) }
    await desk.write("transfer", worker, (entry, options) => transfer(store, order, entry, options))
  }

  #somePeriod(random: Random): Period {
    const { months } = this.#options.truth
    const first = integerBelow(random, months.length)
    const last = Math.min(months.length - 1, first + integerBelow(random, MONTHS_READ_MAX))
    return { from: months[first]!.from, to: months[last]!.to }
  }

  #wrong(what: string, { from, to }: Period): void {
    this.wrongReads.push(`${what} from ${from} to ${to}`)
  }
}

function cents(amount: number): string {
  return (amount / 100).toFixed(2)
}
