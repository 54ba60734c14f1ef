import { summaryOf } from "@kysely-resilient/driver"

/** A series for each: what a program says in more ways than that, it says in one, and the metrics stay as small as they are. */
const SUMMARIES_MAX = 500

const OTHER = "_OTHER"

/** Summaries as the values of a label, of which there may only be so many. The first come first; a series cannot be taken back. */
export class Summaries {
  readonly #known = new Set<string>()

  of(statement: { readonly sql: string; readonly label?: string | undefined }): string {
    const summary = summaryOf(statement)
    if (this.#known.has(summary)) return summary
    if (this.#known.size >= SUMMARIES_MAX) return OTHER
    this.#known.add(summary)
    return summary
  }
}
