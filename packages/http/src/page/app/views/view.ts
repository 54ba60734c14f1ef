import type { Incident } from "../incidents.ts"
import type { Model } from "../model.ts"

/** Everything there is to show at one moment. */
export interface Moment {
  readonly model: Model
  readonly incidents: readonly Incident[]
  readonly now: number
  /** How much of the past is shown, milliseconds. */
  readonly rangeMs: number
  readonly stream: "opening" | "live" | "lost"
  readonly paused: boolean
}

/** A part of the page. */
export interface View {
  readonly element: HTMLElement
  readonly show: (moment: Moment) => void
}
