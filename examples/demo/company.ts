import type { DriverEvent } from "@kysely-resilient/driver"
import { setTimeout as sleep } from "node:timers/promises"

import { openStore, type Store } from "./app/store.ts"
import { Crew } from "./crew.ts"
import { Desk } from "./desk.ts"
import { faults } from "./faults/all.ts"
import { APPLICATION } from "./faults/backends.ts"
import { missed } from "./faults/fault.ts"
import type { Ledger } from "./ledger.ts"
import type { Stagehand } from "./play.ts"
import { Pulse } from "./pulse.ts"
import { seededRandom } from "./random.ts"
import { Scoreboard } from "./scoreboard.ts"
import type { Stage } from "./stage.ts"
import type { View } from "./view.ts"
import { Watch } from "./watch.ts"

export interface CompanyOptions {
  readonly seed: number
  /** See `CrewOptions`. */
  readonly thinkMs: number
  readonly ledger: Pick<Ledger, "announce" | "settle">
  readonly signal: AbortSignal
}

/** The application at work on a stage: its database, its people, and whoever watches and counts. */
export class Company implements Disposable {
  readonly store: Store
  readonly desk: Desk
  readonly board: Scoreboard
  readonly crew: Crew
  readonly hand: Stagehand
  readonly #pulse: Pulse
  #fault: string | undefined

  constructor(stage: Stage, { seed, thinkMs, ledger, signal }: CompanyOptions) {
    const watch = new Watch()
    const board = new Scoreboard(
      faults.map(({ name }) => name),
      now,
    )
    const store = openStore(stage.applicationUrl, APPLICATION, (event: DriverEvent) => {
      board.observe(event)
      watch.tell(event)
    })
    const desk = new Desk(ledger, board)
    const { admin, server, proxy, accounts, rivals, instrument, truth } = stage
    const random = seededRandom(seed)

    this.store = store
    this.desk = desk
    this.board = board
    this.crew = new Crew({ store, desk, truth, instrument, accounts, seed, thinkMs })
    const context = {
      store,
      admin,
      server,
      proxy,
      desk,
      rivals,
      watch,
      random,
      now,
      sleep: (ms: number) => sleep(ms),
    }
    this.hand = {
      inject: async (fault) => (await faults.find(({ name }) => name === fault)?.inject(context)) ?? missed,
      board,
      now,
      sleep,
      signal,
      onFault: (fault) => (this.#fault = fault),
    }
    this.#pulse = new Pulse(() => board.total.operations)
  }

  [Symbol.dispose](): void {
    this.#pulse[Symbol.dispose]()
  }

  /** The fault that is on, if one is. */
  get fault(): string | undefined {
    return this.#fault
  }

  /** This moment, for whoever looks. */
  view({ seed, seconds, elapsedMs, doing }: Pick<View, "seed" | "seconds" | "elapsedMs" | "doing">): View {
    const { board } = this
    return {
      seed,
      seconds,
      elapsedMs,
      doing,
      counts: [
        { name: "reads", finished: board.finished("read") + board.finished("stream") },
        { name: "signals", finished: board.finished("signal") },
        { name: "transfers", finished: board.finished("transfer") },
        { name: "notes", finished: board.finished("journal") },
      ],
      history: this.#pulse.history,
      perSecond: this.#pulse.perSecond,
      total: board.total,
      faults: board.faults.map((score) => ({
        ...score,
        title: faults.find(({ name }) => name === score.name)?.title ?? score.name,
        state: score.name === this.#fault ? "now" : score.operations === 0 && score.hits === 0 ? "pending" : "passed",
      })),
    }
  }
}

function now(): number {
  return performance.now()
}
