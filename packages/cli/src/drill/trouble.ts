import type { Effect, GaveUp } from "@kysely-resilient/core"

/** What every error of an operation says that a drill looks at, whichever door it came through. */
export interface Trouble {
  readonly kind: string
  readonly effect: Effect
  readonly because: GaveUp | undefined
  readonly attempts: number
  readonly message: string
  /** With effect `unknown`: for asking again, later. */
  readonly token?: string | undefined
}

/** An application that has changed its mind: the Err of a callback, which rolls back. */
export function changedMind(): Trouble {
  return {
    kind: "changed_mind",
    effect: "not_applied",
    because: undefined,
    attempts: 1,
    message: "the application changed its mind",
  }
}
