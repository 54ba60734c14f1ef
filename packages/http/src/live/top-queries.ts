import { Histogram, summaryOf, type DriverEvent } from "@kysely-resilient/driver"

import { shown } from "./live-events.ts"
import type { LiveQueries } from "./messages.ts"
import { seconds } from "./second.ts"

/** More than anybody reads. */
const SHOWN_MAX = 20

const OWN_LABELS = "kysely-resilient."

/** Different summaries that are counted. Beyond them the one that took the least time so far makes room: who has more builds the names of tables. */
const KEPT_MAX = 200

interface Kept {
  readonly sql: string
  readonly durations: Histogram
  totalMs: number
  failed: number
  retries: number
  last: number
}

/** Which statements take the time, by their summaries. */
export class TopQueries {
  readonly #kept = new Map<string, Kept>()
  #totalMs = 0

  hear(event: DriverEvent): void {
    if (event.name !== "query.succeeded" && event.name !== "query.failed" && event.name !== "query.retried") return
    // What the page itself asks is nobody's work.
    if (event.label?.startsWith(OWN_LABELS) === true) return
    const kept = this.#of(event)
    if (event.name === "query.retried") {
      kept.retries += 1
      return
    }
    this.#totalMs += event.durationMs
    kept.durations.record(event.durationMs)
    kept.totalMs += event.durationMs
    kept.last = event.at
    const failure = event.firstFailure ?? (event.name === "query.failed" ? event.failure : undefined)
    if (failure?.blame === "server") kept.failed += 1
  }

  read(at: number): LiveQueries {
    const ended = [...this.#kept].filter(([, { durations }]) => durations.count > 0)
    const top = ended.toSorted(([, one], [, other]) => other.totalMs - one.totalMs).slice(0, SHOWN_MAX)
    return {
      at_ms: at,
      total_s: seconds(this.#totalMs),
      top: top.map(([summary, { sql, durations, totalMs, failed, retries, last }]) => ({
        summary,
        sql,
        calls: durations.count,
        total_s: seconds(totalMs),
        p50_s: seconds(durations.quantile(0.5)),
        p95_s: seconds(durations.quantile(0.95)),
        max_s: seconds(durations.max),
        failed,
        retries,
        last_ms: last,
      })),
    }
  }

  #of(event: { readonly sql: string; readonly label?: string }): Kept {
    const summary = summaryOf(event)
    const known = this.#kept.get(summary)
    if (known !== undefined) return known
    if (this.#kept.size >= KEPT_MAX) this.#makeRoom()
    const kept = { sql: shown(event.sql), durations: new Histogram(), totalMs: 0, failed: 0, retries: 0, last: 0 }
    this.#kept.set(summary, kept)
    return kept
  }

  #makeRoom(): void {
    let least: string | undefined
    let leastMs = Number.POSITIVE_INFINITY
    for (const [summary, { totalMs }] of this.#kept) {
      if (totalMs >= leastMs) continue
      least = summary
      leastMs = totalMs
    }
    if (least !== undefined) this.#kept.delete(least)
  }
}
