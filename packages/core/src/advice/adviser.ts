import type { Clock, DriverSnapshot, Observer } from "@kysely-resilient/driver"

import { Lookout } from "../foundation/lookout.ts"
import { worstFirst, type Advice } from "./advice.ts"
import { Chronicle } from "./chronicle.ts"
import { nextStandings, told, type Found, type Standing } from "./course.ts"
import { WaitWindow } from "./recent-waits.ts"
import type { Limits, MemoryRule } from "./memory.ts"

export interface AdviserParts {
  readonly clock: Clock
  readonly snapshot: () => DriverSnapshot
  readonly limits: Limits
  readonly rules: readonly MemoryRule[]
}

/**
 * Knows what to advise from what happened, without asking anybody. It looks when something happens, so that it also knows since
 * when; while there is nothing to advise it holds no timer.
 */
export class Adviser {
  readonly #parts: AdviserParts
  readonly #lookout: Lookout
  readonly #chronicle: Chronicle
  readonly #waits: WaitWindow
  #standings: readonly Standing[] = []

  constructor(parts: AdviserParts) {
    this.#parts = parts
    this.#waits = new WaitWindow(parts.clock.now())
    this.#lookout = new Lookout(parts.clock, () => this.#look(parts.snapshot()))
    this.#chronicle = new Chronicle(parts.clock, () => this.#lookout.soon())
  }

  /** The chronicle's own: every statement passes here, and one call less is worth having. */
  get observe(): Observer {
    return this.#chronicle.observe
  }

  /** What there is to advise at this moment, worst first. */
  advise(snapshot: DriverSnapshot = this.#parts.snapshot()): readonly Advice[] {
    this.#look(snapshot)
    return worstFirst(told(this.#standings))
  }

  close(): void {
    this.#lookout.close()
  }

  #look(snapshot: DriverSnapshot): void {
    const { clock, limits, rules } = this.#parts
    const { failuresInARow } = this.#chronicle
    const waits = this.#waits.look(snapshot.times, clock.now())
    const memory = { snapshot, limits, seen: this.#chronicle.read(), waits, failuresInARow }
    const found = rules.flatMap(({ code, find }): Found[] => {
      const finding = find(memory)
      return finding === undefined ? [] : [{ code, finding }]
    })
    const moment = { now: clock.now(), wallTime: clock.wallTime() }
    this.#standings = nextStandings(this.#standings, found, moment, limits.recoverAfterMs)
    this.#lookout.looked(this.#standings.length > 0)
  }
}
