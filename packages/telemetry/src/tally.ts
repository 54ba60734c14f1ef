import { Durations, type DriverEvent, type Failure } from "@kysely-resilient/driver"

import { errorTypeOf } from "./error-type.ts"
import type { Source } from "./source.ts"
import { Summaries } from "./summaries.ts"

/** What became of one kind of statement in one way. */
export interface Operations {
  readonly summary: string
  /** Undefined for those that succeeded. */
  readonly error: { readonly type: string; readonly sqlState: string | undefined } | undefined
  readonly durations: Durations
}

/** What became of a failure that could have been retried. */
export type RetryOutcome = "retried" | "exhausted" | "budget_denied" | "deadline"

/** Why somebody was refused before anything was sent. */
export type Refusal = "circuit" | "queue_full"

const OUTCOMES: Readonly<Partial<Record<string, RetryOutcome>>> = {
  "attempts-spent": "exhausted",
  "budget-spent": "budget_denied",
  "deadline-near": "deadline",
}

const REFUSALS: Readonly<Partial<Record<Failure["kind"], Refusal>>> = {
  circuit_open: "circuit",
  pool_full: "queue_full",
}

/**
 * What the events of a database add up to, by the labels that metrics want and the driver's own counters do not have. One for each
 * database, however many exporters there are: they cannot disagree.
 */
export class Tally {
  readonly summaries: Summaries = new Summaries()
  readonly #operations = new Map<string, Operations>()
  readonly #failed = new Map<string, Operations>()
  readonly #retries = new Map<string, number>()
  readonly #refusals = new Map<Refusal, number>()
  readonly #transitions = new Map<"open" | "half_open" | "closed", number>()
  #heldTooLong = 0

  readonly observe = (event: DriverEvent): void => {
    switch (event.name) {
      case "query.succeeded":
        this.#succeeded(this.summaries.of(event), event.durationMs)
        break
      case "query.failed":
        this.#failedOne(this.summaries.of(event), event.failure, event.durationMs)
        this.#gaveUp(event.failure, event.because)
        break
      case "query.retried":
      case "transaction.rerun":
      case "operation.rerun":
        this.#retry(event.failure, "retried")
        break
      case "circuit.opened":
        bump(this.#transitions, "open")
        break
      case "circuit.half-opened":
        bump(this.#transitions, "half_open")
        break
      case "circuit.closed":
        bump(this.#transitions, "closed")
        break
      case "transaction.held-too-long":
        this.#heldTooLong += 1
        break
      default:
    }
  }

  get operations(): readonly Operations[] {
    return [...this.#operations.values(), ...this.#failed.values()]
  }

  /** By `error.type` and outcome. */
  get retries(): readonly (readonly [type: string, outcome: string, count: number])[] {
    return [...this.#retries].map(([key, count]) => {
      const [type = "", outcome = ""] = key.split(" ")
      return [type, outcome, count] as const
    })
  }

  get refusals(): ReadonlyMap<Refusal, number> {
    return this.#refusals
  }

  get transitions(): ReadonlyMap<"open" | "half_open" | "closed", number> {
    return this.#transitions
  }

  get heldTooLong(): number {
    return this.#heldTooLong
  }

  #succeeded(summary: string, durationMs: number): void {
    let operations = this.#operations.get(summary)
    if (operations === undefined) {
      operations = { summary, error: undefined, durations: new Durations() }
      this.#operations.set(summary, operations)
    }
    operations.durations.record(durationMs)
  }

  #failedOne(summary: string, failure: Failure, durationMs: number): void {
    const type = errorTypeOf(failure)
    const key = `${type} ${summary}`
    let operations = this.#failed.get(key)
    if (operations === undefined) {
      operations = { summary, error: { type, sqlState: failure.sqlState }, durations: new Durations() }
      this.#failed.set(key, operations)
    }
    operations.durations.record(durationMs)
  }

  #gaveUp(failure: Failure, because: string): void {
    const outcome = OUTCOMES[because]
    if (outcome !== undefined) this.#retry(failure, outcome)
    const refusal = REFUSALS[failure.kind]
    if (refusal !== undefined) bump(this.#refusals, refusal)
  }

  #retry(failure: Failure, outcome: RetryOutcome): void {
    bump(this.#retries, `${errorTypeOf(failure)} ${outcome}`)
  }
}

function bump<K>(counts: Map<K, number>, key: K): void {
  counts.set(key, (counts.get(key) ?? 0) + 1)
}

const tallies = new WeakMap<Source, Tally>()

/** The database's own, which counts from the first time that somebody asks for it to the database's end. */
export function tallyOf(source: Source): Tally {
  let tally = tallies.get(source)
  if (tally === undefined) {
    tally = new Tally()
    source.observe(tally.observe)
    tallies.set(source, tally)
  }
  return tally
}
