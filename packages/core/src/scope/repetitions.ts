import { placeOf, type CallSite } from "../errors/call-site.ts"

/** The same read by the same place, many times within one piece of work. */
export interface Repetition {
  /** Parameterised text. */
  readonly sql: string
  /** How often it began after the one before had ended. */
  readonly times: number
  /** `file:///app/src/feed.ts:88:20`, where call sites are on. */
  readonly callSite?: string
}

interface Seen {
  readonly sql: string
  readonly callSite: string | undefined
  running: number
  times: number
}

/** So many one after the other are a loop; fewer may be chance. */
const TIMES_MIN = 5

/** Different reads that are told apart in one piece of work. */
const READS_MAX = 1_000

/** Counts reads that are done again and again; for development. */
export class Repetitions {
  readonly #seen = new Map<string, Seen>()

  began(sql: string, site: CallSite | undefined): (() => void) | undefined {
    const callSite = placeOf(site)
    const key = `${callSite ?? ""}\n${sql}`
    let seen = this.#seen.get(key)
    if (seen === undefined) {
      if (this.#seen.size >= READS_MAX) return undefined
      seen = { sql, callSite, running: 0, times: 0 }
      this.#seen.set(key, seen)
    }
    // Those that run side by side wait for each other in no way that a batch would spare.
    if (seen.running === 0) seen.times += 1
    seen.running += 1
    const reading = seen
    return () => {
      reading.running -= 1
    }
  }

  found(): readonly Repetition[] {
    return [...this.#seen.values()]
      .filter(({ times }) => times >= TIMES_MIN)
      .map(({ sql, times, callSite }) => ({ sql, times, ...(callSite !== undefined && { callSite }) }))
      .toSorted((one, other) => other.times - one.times)
  }
}
