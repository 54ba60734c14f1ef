/** What `interval: "parts"` gives: as PostgreSQL writes it, with the signs that it writes. */
export interface IntervalParts {
  readonly years: number
  readonly months: number
  readonly days: number
  readonly hours: number
  readonly minutes: number
  readonly seconds: number
  /** To the microsecond: 0.001 is one. */
  readonly milliseconds: number
}

export interface Point {
  readonly x: number
  readonly y: number
}

export interface Circle extends Point {
  readonly radius: number
}

/** What `range: "object"` gives. A bound that is null is open: there is none on that side. */
export type Range<T> =
  | { readonly empty: true }
  | {
      readonly empty: false
      readonly lower: T | null
      readonly upper: T | null
      readonly lowerInclusive: boolean
      readonly upperInclusive: boolean
    }
