import type { DriverEvent } from "@kysely-resilient/driver"

import { Episode } from "./episode.ts"
import type { Finished, Operation, OperationKind, Outcome } from "./operation.ts"

/** What is counted, for everything and for each fault. */
export interface Tally {
  readonly operations: number
  /** Retried, undone, failed, unknown, or held up for `HELD_UP_MS` and more. */
  readonly affected: number
  readonly retried: number
  /** Lost answers that were found out afterwards. */
  readonly resolved: number
  readonly surfaced: { readonly needed: number; readonly avoidable: number }
  readonly unknown: number
}

export interface FaultScore extends Tally {
  readonly name: string
  /** How often it surely hit a running operation. */
  readonly hits: number
  /** From the fault's end to the first success that needed what was hurt; the worst one, or undefined before the first. */
  readonly recoveryMs: number | undefined
  /** It hit, and then nothing that needed what was hurt ever succeeded. */
  readonly unrecovered: number
}

/** Operations take a few milliseconds: whatever took this long was waiting for something. */
const HELD_UP_MS = 250

interface MutableTally {
  operations: number
  affected: number
  retried: number
  resolved: number
  needed: number
  avoidable: number
  unknown: number
}

/** What an operation that is running has been through. */
interface Suffering {
  /** When it began to. */
  since: Episode | "calm" | undefined
  retried: boolean
  resolved: boolean
}

/** Counts every operation and lays what it suffered at the door of the fault in force. */
export class Scoreboard {
  readonly #now: () => number
  readonly #running = new Map<string, Suffering>()
  readonly #kinds = new Map<OperationKind, number>()
  readonly #total = emptyTally()
  readonly #tallies = new Map<string, MutableTally>()
  readonly #episodes: Episode[] = []
  #numbers = 0

  constructor(faults: readonly string[], now: () => number) {
    this.#now = now
    for (const fault of faults) this.#tallies.set(fault, emptyTally())
  }

  begin(kind: OperationKind): Operation {
    const operation: Operation = { kind, label: `${kind} ${++this.#numbers}`, startedAt: this.#now() }
    this.#running.set(operation.label, { since: undefined, retried: false, resolved: false })
    return operation
  }

  end(operation: Operation, outcome: Outcome): void {
    const suffering = this.#running.get(operation.label)
    const { since, retried, resolved } = suffering ?? { since: undefined, retried: false, resolved: false }
    this.#running.delete(operation.label)
    const finished: Finished = { ...operation, endedAt: this.#now(), outcome, retried, resolved }
    this.#kinds.set(operation.kind, (this.#kinds.get(operation.kind) ?? 0) + 1)

    this.#episodes.at(-1)?.saw(finished)
    const episode = since === "calm" ? undefined : (since ?? this.#toBlame(finished))
    const affected = felt(finished, episode)
    for (const tally of [this.#total, episode && this.#tallies.get(episode.fault)]) {
      if (tally === undefined) continue
      tally.operations++
      if (affected) tally.affected++
      if (retried) tally.retried++
      if (resolved) tally.resolved++
      if (outcome !== "ok" && outcome !== "undone") tally[outcome]++
    }
  }

  /**
   * For an error, the fault in force when it came. For a delay, the first one that was still hurting when the operation began: those
   * who waited longest for one fault come back after the next has begun.
   */
  #toBlame({ outcome, startedAt }: Finished): Episode | undefined {
    const last = this.#episodes.at(-1)
    if (outcome !== "ok" && outcome !== "undone") return last
    return this.#episodes.find(({ hurtsUntil }) => hurtsUntil > startedAt) ?? last
  }

  /** Give this to the database as its observer. */
  observe(event: DriverEvent): void {
    const resolved = event.name === "effect.resolved"
    if (event.name !== "query.retried" && event.name !== "transaction.rerun" && !resolved) return
    const running = event.label === undefined ? undefined : this.#running.get(event.label)
    if (running === undefined) return
    running.since ??= this.#episodes.at(-1) ?? "calm"
    if (resolved) running.resolved = true
    else running.retried = true
  }

  /** A fault is about to be tried: from now on it is the one in force. */
  beginEpisode(fault: string): Episode {
    const episode = new Episode(fault, this.#now())
    this.#episodes.push(episode)
    return episode
  }

  get running(): number {
    return this.#running.size
  }

  finished(kind: OperationKind): number {
    return this.#kinds.get(kind) ?? 0
  }

  get total(): Tally {
    return frozen(this.#total)
  }

  get faults(): readonly FaultScore[] {
    return [...this.#tallies].map(([name, tally]) => {
      const hits = this.#episodes.filter((episode) => episode.fault === name && episode.hit)
      const recoveries = hits.flatMap(({ recoveryMs }) => (recoveryMs === undefined ? [] : [recoveryMs]))
      return {
        name,
        hits: hits.length,
        recoveryMs: recoveries.length === 0 ? undefined : Math.max(...recoveries),
        unrecovered: hits.length - recoveries.length,
        ...frozen(tally),
      }
    })
  }
}

/** Did the operation suffer? Being slow only counts if it began before the fault was over. */
function felt(operation: Finished, episode: Episode | undefined): boolean {
  if (operation.retried || operation.resolved || operation.outcome !== "ok") return true
  const { startedAt, endedAt } = operation
  return (
    episode !== undefined &&
    startedAt < episode.hurtsUntil &&
    endedAt >= episode.beganAt &&
    endedAt - startedAt >= HELD_UP_MS
  )
}

function emptyTally(): MutableTally {
  return { operations: 0, affected: 0, retried: 0, resolved: 0, needed: 0, avoidable: 0, unknown: 0 }
}

function frozen({ needed, avoidable, ...counts }: MutableTally): Tally {
  return { ...counts, surfaced: { needed, avoidable } }
}
