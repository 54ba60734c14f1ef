import type { Action } from "./action.ts"
import type { Hit } from "./hit.ts"
import { matches, type Matcher, type Moment } from "./matcher.ts"

export interface Rule {
  readonly when: Matcher
  /** One action, or several in this order; those behind a stall or a delay wait for its end. */
  readonly do: Action | readonly Action[]
  /** How often it fires. Default 1; Infinity until it is lifted. */
  readonly times?: number
  /** How many matching instants pass first. Default 0. */
  readonly skip?: number
  /** Only the nth connection that the proxy accepted, from 1; cancel requests count, they are connections too. */
  readonly connection?: number
  /** Only connections whose StartupMessage gave this `application_name`; never cancel requests, which have none. */
  readonly applicationName?: string | RegExp
}

export interface RuleHandle extends Disposable {
  readonly hits: number
  /** Resolves when it fires for the first time. */
  readonly hit: Promise<Hit>
  /** Resolves when all actions of its first firing are over; rejects with what a `call` threw. */
  readonly done: Promise<Hit>
  /** Ends what it stalls or throttles. What it has not stalled yet it still will. */
  release(): void
  /** It fires no more; what it stalled stays so until `release()`. */
  remove(): void
  /** Both: it fires no more, and whatever it did that can end, ends. */
  lift(): void
}

/** A rule with its memory. */
export class ActiveRule implements RuleHandle {
  readonly rule: Rule
  readonly actions: readonly Action[]
  readonly hit: Promise<Hit>
  readonly done: Promise<Hit>
  readonly #releases = new Set<() => void>()
  readonly #resolveHit: (hit: Hit) => void
  readonly #over: { readonly resolve: (hit: Hit) => void; readonly reject: (problem: unknown) => void }
  #hits = 0
  #skipped = 0
  #removed = false

  constructor(rule: Rule) {
    this.rule = rule
    this.actions = "action" in rule.do ? [rule.do] : rule.do
    const { promise, resolve } = Promise.withResolvers<Hit>()
    this.hit = promise
    this.#resolveHit = resolve
    const over = Promise.withResolvers<Hit>()
    // Whoever wants to know asks `done`.
    over.promise.catch(() => {})
    this.done = over.promise
    this.#over = over
    refuseNonsense(rule, this.actions)
  }

  get hits(): number {
    return this.#hits
  }

  get spent(): boolean {
    return this.#removed || this.#hits >= (this.rule.times ?? 1)
  }

  /** Could it fire at this moment? */
  expects(moment: Moment): boolean {
    return !this.spent && matches(this.rule.when, moment)
  }

  /** Does it fire at this moment? If so, it has. */
  fires(moment: Moment, hit: Hit): boolean {
    if (this.spent || !this.#concerns(hit)) return false
    if (!matches(this.rule.when, moment)) return false
    if (this.#skipped < (this.rule.skip ?? 0)) {
      this.#skipped++
      return false
    }
    this.#hits++
    this.#resolveHit(hit)
    return true
  }

  /** Everything it does at this hit is done. */
  isDone(hit: Hit): void {
    this.#over.resolve(hit)
  }

  hasFailed(problem: unknown): void {
    this.#over.reject(problem)
  }

  #concerns({ connection, applicationName }: Hit): boolean {
    const { rule } = this
    if (rule.connection !== undefined && rule.connection !== connection) return false
    if (rule.applicationName === undefined) return true
    if (applicationName === undefined) return false
    return typeof rule.applicationName === "string"
      ? rule.applicationName === applicationName
      : applicationName.search(rule.applicationName) !== -1
  }

  /** Something waits for this rule's release; gives back how to forget it. */
  waits(release: () => void): () => void {
    this.#releases.add(release)
    return () => this.#releases.delete(release)
  }

  release(): void {
    for (const release of this.#releases) release()
    this.#releases.clear()
  }

  remove(): void {
    this.#removed = true
  }

  lift(): void {
    this.remove()
    this.release()
  }

  [Symbol.dispose](): void {
    this.lift()
  }
}

function refuseNonsense({ when }: Rule, actions: readonly Action[]): void {
  const late = !("on" in when) && when.at !== undefined && when.at !== "before"
  for (const { action } of actions) {
    if (late && (action === "drop" || action === "truncate")) {
      throw new Error(`cannot ${action} a message after it was passed on: use at: "before"`)
    }
    if ("on" in when && (action === "drop" || action === "truncate" || action === "inject")) {
      throw new Error(`cannot ${action} when a client connects: there is no message yet`)
    }
  }
}
