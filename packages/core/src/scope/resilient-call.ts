import { AsyncLocalStorage } from "node:async_hooks"

import type { Backoff, Engine, Failure, Pace, Random, Settled, StatementOptions } from "@kysely-resilient/driver"

/** How the database on which something failed wants to be waited for. */
export interface Patience {
  readonly engine: Engine
  readonly backoff: Readonly<Record<Pace, Backoff>>
  readonly random: Random
}

/** What went wrong inside, and where. */
export interface Trouble {
  readonly failure: Failure
  readonly patience: Patience
}

/** Failures of one call that are remembered: the one that its function answers is nearly always the last. */
const TROUBLES_MAX = 100

/**
 * One call of a resilient function, over all of its runs: the tries that everything inside shares, so that three tries of a
 * statement in three runs are not nine, and whether anything was written, which must not be written again.
 *
 *   open ──end()──▶ over
 *
 * Over: what goes on regardless, as a timer that was set inside does, is no part of it any more, and has tries of its own.
 */
export class ResilientCall {
  #over = false
  #triesLeft: number
  #written = false
  #troubles: Trouble[] = []

  /** @param attemptsMax tries of any one thing inside, the first one included */
  constructor(attemptsMax: number) {
    this.#triesLeft = attemptsMax
  }

  get over(): boolean {
    return this.#over
  }

  /** Its function has answered for good. */
  end(): void {
    this.#over = true
  }

  /** How often the next statement inside may be tried: at least once. */
  get triesLeft(): number {
    return this.#triesLeft
  }

  /** Something of this call was applied, or nobody knows. From then on it is not run again. */
  get written(): boolean {
    return this.#written
  }

  /** What a statement inside may be tried, given what its caller allows. */
  narrow(options: StatementOptions | undefined): StatementOptions {
    const { retry } = options ?? {}
    if (retry === false) return { ...options, retry }
    return { ...options, retry: { attemptsMax: Math.min(retry?.attemptsMax ?? this.#triesLeft, this.#triesLeft) } }
  }

  /** A statement or a COMMIT has ended. `reads`: it cannot have written, whatever became of it. */
  saw(settled: Settled<unknown>, reads: boolean, patience: Patience): void {
    this.used(settled.attempts - 1)
    if (settled.ok) {
      if (!reads) this.#written = true
      return
    }
    if (settled.failure.effect !== "not_applied" && !reads) this.#written = true
    if (this.#troubles.length < TROUBLES_MAX) this.#troubles.push({ failure: settled.failure, patience })
  }

  /** Something was done that this cannot see. */
  wroteUnseen(): void {
    this.#written = true
  }

  /** So many tries more were needed. */
  used(tries: number): void {
    this.#triesLeft = Math.max(1, this.#triesLeft - Math.max(0, tries))
  }

  /** What went wrong since this was asked last. */
  takeTroubles(): readonly Trouble[] {
    const troubles = this.#troubles
    this.#troubles = []
    return troubles
  }
}

const scope = new AsyncLocalStorage<ResilientCall>()

/** Whoever never calls a resilient function does not pay for looking whether he is in one. */
let everUsed = false

export function inCall<T>(call: ResilientCall, run: () => T): T {
  everUsed = true
  return scope.run(call, run)
}

/** The call that the running code is part of, the outermost. */
export function currentCall(): ResilientCall | undefined {
  if (!everUsed) return undefined
  const call = scope.getStore()
  return call?.over === true ? undefined : call
}
