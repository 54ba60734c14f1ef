import type { Finished } from "./operation.ts"

/** Finished operations that an episode remembers; its end is always told within a second or so. */
const REMEMBERED_MAX = 20_000

/**
 *   hurting ──lifted──▶ lifted ──first success that needed what was hurt──▶ recovered
 *      └────────giveUp──▶ missed
 *
 * One fault, from the moment it begins. `missed`: however often it tried, it never surely hit anything.
 */
export class Episode {
  readonly fault: string
  readonly beganAt: number
  #state:
    | { readonly state: "hurting"; readonly successes: Finished[] }
    | { readonly state: "missed"; readonly gaveUpAt: number }
    | { readonly state: "lifted"; readonly liftedAt: number; readonly recoveredBy: (operation: Finished) => boolean }
    | { readonly state: "recovered"; readonly liftedAt: number; readonly recoveryMs: number }

  constructor(fault: string, beganAt: number) {
    this.fault = fault
    this.beganAt = beganAt
    this.#state = { state: "hurting", successes: [] }
  }

  get hit(): boolean {
    return this.#state.state === "lifted" || this.#state.state === "recovered"
  }

  /** Whoever began later cannot have suffered from it; Infinity while it lasts. */
  get hurtsUntil(): number {
    if (this.#state.state === "hurting") return Number.POSITIVE_INFINITY
    return this.#state.state === "missed" ? this.#state.gaveUpAt : this.#state.liftedAt
  }

  get recoveryMs(): number | undefined {
    return this.#state.state === "recovered" ? this.#state.recoveryMs : undefined
  }

  lifted(liftedAt: number, recoveredBy: (operation: Finished) => boolean): void {
    if (this.#state.state !== "hurting") return
    const { successes } = this.#state
    this.#state = { state: "lifted", liftedAt, recoveredBy }
    // The end of a fault is told a little after it happened; somebody may have succeeded in between.
    for (const operation of successes) this.saw(operation)
  }

  giveUp(gaveUpAt: number): void {
    if (this.#state.state === "hurting") this.#state = { state: "missed", gaveUpAt }
  }

  saw(operation: Finished): void {
    if (operation.outcome !== "ok") return
    if (this.#state.state === "hurting") {
      this.#state.successes.push(operation)
      if (this.#state.successes.length > REMEMBERED_MAX) this.#state.successes.shift()
    }
    if (this.#state.state !== "lifted") return
    const { liftedAt, recoveredBy } = this.#state
    if (operation.endedAt < liftedAt || !recoveredBy(operation)) return
    this.#state = { state: "recovered", liftedAt, recoveryMs: Math.round(operation.endedAt - liftedAt) }
  }
}
