import { examine, inquire, type ReportedAdvice, type ResilienceReport } from "@kysely-resilient/core"
import type { Clock } from "@kysely-resilient/driver"

import { concernsIn } from "./concerns.ts"
import { FACTS_SQL, factsIn } from "./database-facts.ts"
import type { LiveDatabase } from "./messages.ts"

export interface InquiryParts {
  readonly db: object
  readonly clock: Clock
  readonly tell: (database: LiveDatabase) => void
}

const ASK_EVERY_MS = 5_000
/** It takes some twenty round trips. */
const EXAMINE_EVERY_MS = 300_000
const PATIENCE_MS = 2_000
/** What asks under this name is the page itself. */
const INQUIRER = "kysely-resilient.page"

/**
 * Asks the server about itself while somebody watches: one question at a time, never on a request's way, never while others wait for a
 * connection or the server is away, and never again before it has answered.
 */
export class Inquiry {
  readonly #parts: InquiryParts
  #askedAt = Number.NEGATIVE_INFINITY
  #examinedAt = Number.NEGATIVE_INFINITY
  #advice: readonly ReportedAdvice[] = []
  #last: LiveDatabase | undefined
  #asking = false

  constructor(parts: InquiryParts) {
    this.#parts = parts
  }

  /** What was told last. */
  get last(): LiveDatabase | undefined {
    return this.#last
  }

  /** Somebody watches, and this is how things are. */
  look({ pool, circuit }: Pick<ResilienceReport, "pool" | "circuit">): void {
    if (this.#asking || this.#parts.clock.now() - this.#askedAt < ASK_EVERY_MS) return
    if (pool.waiting > 0 || pool.outage_s !== null || circuit.state !== "closed") return
    this.#asking = true
    this.#askedAt = this.#parts.clock.now()
    void this.#ask().finally(() => (this.#asking = false))
  }

  async #ask(): Promise<void> {
    const { db, clock, tell } = this.#parts
    const answer = await inquire(db, FACTS_SQL, { name: INQUIRER, timeoutMs: PATIENCE_MS })
    if (answer.isOk() && clock.now() - this.#examinedAt >= EXAMINE_EVERY_MS) {
      this.#examinedAt = clock.now()
      const examined = await examine(db)
      if (examined.isOk()) {
        this.#advice = examined.value.advice.map(({ since, ...advice }) => ({
          ...advice,
          since: new Date(since).toISOString(),
        }))
      }
    }
    const facts = answer.isOk() ? factsIn(answer.value[0]) : undefined
    this.#last = {
      at_ms: clock.wallTime(),
      ...(facts === undefined ? { error: answer.isErr() ? answer.error.kind : "unreadable" } : { facts }),
      concerns: facts === undefined ? [] : concernsIn(facts),
      advice: this.#advice,
    }
    tell(this.#last)
  }
}
