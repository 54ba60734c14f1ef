import type { Finished, Outcome } from "./operation.ts"

/** What became of operations: of all, or of those that a fault affected. */
export interface Tally {
  readonly operations: number
  readonly retried: number
  readonly resolved: number
  /** Errors that callers have asked for. */
  readonly asked: number
  readonly needed: number
  readonly avoidable: number
  readonly unknown: number
}

/** A row of the table at the end. */
export interface FaultScore extends Tally {
  readonly name: string
  readonly title: string
  readonly played: number
  /** How often it hit a running operation; else it does not count. */
  readonly hits: number
  /** From its end to the first success of anybody, the longest; undefined before it has hit. */
  readonly recoveryMs: number | undefined
  /** From its end until everybody who was under way then had an answer, the longest. */
  readonly settledMs: number | undefined
}

/** An operation that took longer than this while a fault lasted has felt it. */
const HELD_UP_MS = 150

type MutableTally = { -readonly [K in keyof Tally]: Tally[K] }

function emptyTally(): MutableTally {
  return { operations: 0, retried: 0, resolved: 0, asked: 0, needed: 0, avoidable: 0, unknown: 0 }
}

/** One playing of a fault: from the moment it begins until all that it could have hurt has ended. */
export class Episode {
  readonly fault: string
  readonly beganAt: number
  readonly tally: MutableTally = emptyTally()
  liftedAt: number = Number.POSITIVE_INFINITY
  recoveredAt: number | undefined
  /** An operation's own message was hit; where only the server or the network was, an operation must have felt it. */
  struck = false
  /** There was nothing to be hit: whatever operations felt meanwhile came from elsewhere. */
  missed = false

  constructor(fault: string, beganAt: number) {
    this.fault = fault
    this.beganAt = beganAt
  }

  get hit(): boolean {
    return this.struck || (!this.missed && this.tally.operations > 0)
  }

  saw(operation: Finished): void {
    if (operation.outcome === "ok" && operation.endedAt >= this.liftedAt) this.recoveredAt ??= operation.endedAt
    if (operation.startedAt > this.liftedAt || !felt(operation, this.beganAt)) return
    count(this.tally, operation)
  }
}

function felt({ troubledAt, resolved, outcome, startedAt, endedAt }: Finished, since: number): boolean {
  if (outcome === "needed" || outcome === "avoidable" || outcome === "unknown") return true
  return troubledAt >= since || resolved || endedAt - startedAt >= HELD_UP_MS
}

function count(tally: MutableTally, operation: Finished): void {
  tally.operations += 1
  if (operation.troubledAt > 0) tally.retried += 1
  if (operation.resolved) tally.resolved += 1
  if (operation.outcome !== "ok") tally[operation.outcome] += 1
}

interface Row {
  readonly title: string
  readonly tally: MutableTally
  played: number
  hits: number
  recoveryMs: number | undefined
  settledMs: number | undefined
}

/** Counts what became of operations, and which faults they felt. */
export class Scoreboard {
  readonly #rows: ReadonlyMap<string, Row>
  readonly #open = new Set<Episode>()
  readonly #total = emptyTally()
  readonly #recoveries: number[] = []
  readonly #kinds = new Map<string, Record<Outcome, number>>()

  constructor(faults: readonly { readonly name: string; readonly title: string }[]) {
    this.#rows = new Map(
      faults.map(({ name, title }) => [
        name,
        { title, tally: emptyTally(), played: 0, hits: 0, recoveryMs: undefined, settledMs: undefined },
      ]),
    )
  }

  begin(fault: string, at: number): Episode {
    const episode = new Episode(fault, at)
    this.#open.add(episode)
    return episode
  }

  /** Nobody who was under way when it was lifted is without an answer any more. */
  end(episode: Episode, at: number): void {
    this.#open.delete(episode)
    const row = this.#rows.get(episode.fault)
    if (row === undefined) return
    row.played += 1
    if (!episode.hit) return
    row.hits += 1
    for (const key of KEYS) row.tally[key] += episode.tally[key]
    const recoveryMs = (episode.recoveredAt ?? at) - episode.liftedAt
    this.#recoveries.push(recoveryMs)
    row.recoveryMs = longer(row.recoveryMs, recoveryMs)
    row.settledMs = longer(row.settledMs, at - episode.liftedAt)
  }

  finish(operation: Finished): void {
    count(this.#total, operation)
    const outcomes = this.#kinds.get(operation.kind) ?? { ok: 0, asked: 0, needed: 0, avoidable: 0, unknown: 0 }
    this.#kinds.set(operation.kind, outcomes)
    outcomes[operation.outcome] += 1
    for (const episode of this.#open) episode.saw(operation)
  }

  get total(): Tally {
    return { ...this.#total }
  }

  /** From the end of a fault that hit to the first success of anybody: what 95 of 100 stay below. */
  get p95RecoveryMs(): number {
    const sorted = this.#recoveries.toSorted((one, other) => one - other)
    return Math.round(sorted[Math.max(0, Math.ceil(sorted.length * 0.95) - 1)] ?? 0)
  }

  /** What became of each kind of operation. */
  get kinds(): ReadonlyMap<string, Readonly<Record<Outcome, number>>> {
    return this.#kinds
  }

  get faults(): readonly FaultScore[] {
    return [...this.#rows].map(([name, { title, tally, ...rest }]) => ({ name, title, ...tally, ...rest }))
  }

  get hits(): number {
    return [...this.#rows.values()].reduce((sum, { hits }) => sum + hits, 0)
  }

  /** What is being played now. */
  get playing(): readonly string[] {
    return [...this.#open].map(({ fault }) => this.#rows.get(fault)?.title ?? fault)
  }
}

const KEYS = ["operations", "retried", "resolved", "asked", "needed", "avoidable", "unknown"] as const

function longer(known: number | undefined, now: number): number {
  return Math.max(known ?? 0, Math.round(now))
}
