import type { Began } from "./inside-options.ts"
import type { LeaseLane } from "./lease-lane.ts"

/** One run of a transaction's callback, or of a savepoint's in it: what its handle needs to know. */
export class Run {
  readonly lane: LeaseLane
  /** 1, 2, … */
  readonly attempt: number
  readonly began: Began
  readonly #lifetime: Lifetime
  readonly #afterCommit: (() => unknown)[] = []

  constructor(lane: LeaseLane, attempt: number, began: Began, lifetime: Lifetime = new Lifetime()) {
    this.lane = lane
    this.attempt = attempt
    this.began = began
    this.#lifetime = lifetime
  }

  get signal(): AbortSignal {
    return this.#lifetime.signal
  }

  afterCommit(run: () => unknown): void {
    this.#afterCommit.push(run)
  }

  get doAfterCommit(): readonly (() => unknown)[] {
    return this.#afterCommit
  }

  /** A part of it, which may be undone alone; what it wants done after COMMIT counts only once it is kept. */
  part(lane: LeaseLane, readOnly: boolean): Run {
    const began: Began = readOnly ? { ...this.began, accessMode: "read only" } : this.began
    return new Run(lane, this.attempt, began, this.#lifetime)
  }

  keep(part: Run): void {
    this.#afterCommit.push(...part.#afterCommit)
  }

  over(how: "over" | "deadline" | "aborted" | "closed"): void {
    this.#lifetime.end(how)
  }
}

const ABORTED = {
  over: "The transaction is over",
  aborted: "The transaction was aborted",
  closed: "The database was closed",
}

/** A signal that is made only if somebody asks for it. */
class Lifetime {
  #controller: AbortController | undefined
  #reason: DOMException | undefined

  get signal(): AbortSignal {
    if (this.#controller !== undefined) return this.#controller.signal
    if (this.#reason !== undefined) return AbortSignal.abort(this.#reason)
    this.#controller = new AbortController()
    return this.#controller.signal
  }

  end(how: "over" | "deadline" | "aborted" | "closed"): void {
    if (this.#reason !== undefined) return
    // The names that fetch and AbortSignal.timeout use.
    this.#reason =
      how === "deadline"
        ? new DOMException("The transaction's deadline has passed", "TimeoutError")
        : new DOMException(ABORTED[how], "AbortError")
    this.#controller?.abort(this.#reason)
  }
}
