import type { DriverSnapshot } from "@kysely-resilient/driver"

import type { Evidence, EvidenceValue } from "./advice.ts"
import type { Topic } from "./chronicle.ts"
import type { RecentWaits } from "./recent-waits.ts"
import type { Rule } from "./rule.ts"
import type { Seen } from "./tally.ts"

/** From when on something is told: those of health, so that both speak at the same time. */
export interface Limits {
  readonly successRateMin: number
  readonly samplesMin: number
  readonly reconnectionsMax: number
  readonly rollbacksMax: number
  readonly failuresInARow: number
  readonly recoverAfterMs: number
}

/** What a process knows of its database without asking it. */
export interface Memory {
  readonly snapshot: DriverSnapshot
  readonly limits: Limits
  readonly seen: (topic: Topic) => Seen
  readonly waits: RecentWaits
  /** Statements since the last one that succeeded which failed because of the server. */
  readonly failuresInARow: number
}

export type MemoryRule = Rule<Memory>

/** How many of a list are shown. */
const SHOWN_MAX = 5

/** How often what was seen, for the evidence. */
export function counted({ amounts }: Pick<Seen, "amounts">): Evidence {
  return Object.fromEntries(amounts.slice(0, SHOWN_MAX).map(({ what, count }) => [what, count]))
}

/** The same with times, slowest in sum first. */
export function timed({ amounts }: Seen): readonly EvidenceValue[] {
  return amounts
    .toSorted((one, other) => other.totalMs - one.totalMs)
    .slice(0, SHOWN_MAX)
    .map(({ what, count, totalMs, maxMs }) => ({
      what,
      count,
      mean_s: seconds(totalMs / count),
      max_s: seconds(maxMs),
    }))
}

/** How many of one sort. */
export function ofSort({ amounts }: Seen, sort: string): number {
  return amounts.reduce((sum, amount) => (amount.sort === sort ? sum + amount.count : sum), 0)
}

/** To the millisecond. */
export function seconds(ms: number): number {
  return Math.round(ms) / 1_000
}

/** As text with its unit, for a message. */
export function inSeconds(ms: number): string {
  return ms < 1_000 ? `${Math.round(ms)} ms` : `${(ms / 1_000).toFixed(ms < 10_000 ? 1 : 0)} s`
}

/** "1 statement", "3 statements". */
export function many(count: number, one: string, several = `${one}s`): string {
  return `${count} ${count === 1 ? one : several}`
}

/** With one decimal, never rounded up to what it is not. */
export function percent(ratio: number): string {
  return `${(Math.floor(ratio * 1_000) / 10).toFixed(1)} %`
}
