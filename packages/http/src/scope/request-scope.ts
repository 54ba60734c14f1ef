import type { ScopeReport, WorkScope } from "@kysely-resilient/core"
import type { Clock } from "@kysely-resilient/driver"

export interface RequestScopeParts {
  readonly scope: WorkScope
  readonly clock: Clock
  readonly graceMs: number
  /** Told only if there is something to say. */
  readonly report: (found: ScopeReport) => void
}

/** So long what an application goes on with, for somebody who has gone, is refused; what it does later is its own affair. */
const ABORTED_MS = 60_000

/** The scope of one request, from its beginning to the end of its response. */
export class RequestScope {
  readonly #parts: RequestScopeParts
  #ended = false

  constructor(parts: RequestScopeParts) {
    this.#parts = parts
  }

  run<T>(work: () => T): T {
    return this.#parts.scope.run(work)
  }

  get signal(): AbortSignal {
    return this.#parts.scope.signal
  }

  /** The response was sent to its end. Who sent it may not be done: what is open has a moment to end by itself. */
  sent(): void {
    const { scope, clock, graceMs } = this.#parts
    if (!scope.holding) this.end()
    else clock.after(graceMs, () => this.end(), { background: true })
  }

  /** Whoever waited for the response has gone before its end. Who makes it may go on for a while, and is told so by every operation. */
  gone(): void {
    const { scope, clock } = this.#parts
    scope.abort()
    clock.after(ABORTED_MS, () => this.end(), { background: true })
  }

  /** Nothing is done for it any more. */
  end(): void {
    if (this.#ended) return
    this.#ended = true
    const found = this.#parts.scope.end()
    if (found.leftBehind.length > 0 || found.repetitions.length > 0) this.#parts.report(found)
  }
}
