import { WorkScope, type Database } from "@kysely-resilient/core"
import { systemClock, type Clock, type DriverEvent } from "@kysely-resilient/driver"

import { answer } from "../answers/answers.ts"
import { readDeadline } from "./deadline-header.ts"
import { readRequestOptions, type RequestOptions, type ResolvedRequestOptions } from "./options.ts"
import { RequestScope } from "./request-scope.ts"
import { warn } from "./warn.ts"

export type Asked = Pick<Database<unknown>, "observe" | "snapshot" | "closing">

/** What is known of a request before anything is done for it. */
export interface RequestFacts {
  readonly method: string
  /** Without its query. */
  readonly path: string
  readonly header: (name: string) => string | null | undefined
  /** The pattern that its path matches, `/users/:id`, once that is known. */
  readonly route?: (() => string | undefined) | undefined
  /** Whoever sent it has gone. */
  readonly signal?: AbortSignal | undefined
}

/** The requests of an application: each has a scope, and none is begun while the circuit is open. */
export class Requests {
  readonly #options: ResolvedRequestOptions
  readonly #clock: Clock
  /** Kept, because a snapshot for each request would cost more than the rest of it. */
  #open: boolean

  constructor(
    db: Asked,
    options: RequestOptions = {},
    foundations: RequestFoundations = { clock: systemClock, env: process.env },
  ) {
    this.#options = readRequestOptions(options, foundations.env)
    this.#clock = foundations.clock
    this.#open = this.#options.failFast && db.snapshot().circuit.state !== "closed"
    if (this.#options.failFast && !db.closing.aborted) {
      const leave = db.observe(this.#hear)
      db.closing.addEventListener("abort", leave, { once: true })
    }
  }

  /** Why it is not begun, as the answer for whoever sent it. */
  refusalOf(path: string): Response | undefined {
    if (!this.#open || this.#options.exempt(path)) return undefined
    const problem = {
      type: "urn:problem-type:kysely-resilient:circuit_open",
      title: "Circuit open",
      status: 503,
      detail: "This cannot be done at the moment. Nothing was changed; try again later.",
      kind: "circuit_open",
      category: "availability",
      retryAfter: 1,
    }
    return answer(503, "application/problem+json", `${JSON.stringify(problem)}\n`, { "retry-after": "1" })
  }

  begin({ method, path, header, route, signal }: RequestFacts): RequestScope {
    const { timeoutMs, deadlineHeader, watchRepetitions, graceMs, onReport } = this.#options
    const said = deadlineHeader === undefined ? undefined : readDeadline(header(deadlineHeader) ?? null)
    const limitMs = said === undefined ? timeoutMs : Math.min(said, timeoutMs ?? said)
    const scope = new WorkScope({ timeoutMs: limitMs, signal, route, watchRepetitions }, this.#clock)
    return new RequestScope({
      scope,
      clock: this.#clock,
      graceMs,
      report: (found) => tell(onReport ?? warn, { method, path, ...found }),
    })
  }

  readonly #hear = ({ name }: DriverEvent): void => {
    if (name === "circuit.opened") this.#open = true
    else if (name === "circuit.closed") this.#open = false
  }
}

export interface RequestFoundations {
  readonly clock: Clock
  readonly env: Readonly<Record<string, string | undefined>>
}

function tell<T>(told: (what: T) => unknown, what: T): void {
  try {
    const returned = told(what)
    if (returned instanceof Promise) returned.catch(() => {})
  } catch {
    // Whatever watches a request cannot break it.
  }
}
