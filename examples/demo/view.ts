import type { FaultScore, Tally } from "./scoreboard.ts"

/** What a moment of the run looks like; everything that people see while it goes on is drawn from this. */
export interface View {
  readonly seed: number
  readonly seconds: number
  readonly elapsedMs: number
  /** What is being done right now, in words. */
  readonly doing: string
  readonly counts: readonly { readonly name: string; readonly finished: number }[]
  /** Operations that ended in each of the last periods, oldest first. */
  readonly history: readonly number[]
  readonly perSecond: number
  readonly total: Tally
  readonly faults: readonly FaultLine[]
}

export interface FaultLine extends FaultScore {
  readonly title: string
  readonly state: "pending" | "now" | "passed"
}

export type Style = "bold" | "dim" | "green" | "yellow" | "red" | "cyan"

/** Colours, or nothing where nobody can see them. */
export type Paint = (style: Style, text: string) => string

const numbers = new Intl.NumberFormat("en-US")

/** 12345 → "12,345" */
export function grouped(value: number): string {
  return numbers.format(value)
}

/** 431 → "431 ms", 2130 → "2.1 s" */
export function milliseconds(value: number | undefined): string {
  if (value === undefined) return "-"
  return value < 1_000 ? `${Math.round(value)} ms` : `${(value / 1_000).toFixed(1)} s`
}
