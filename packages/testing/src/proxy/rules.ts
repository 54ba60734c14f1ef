import type { Action } from "./action.ts"
import { matches, type Matcher, type Moment } from "./matcher.ts"

export interface Rule {
  readonly when: Matcher
  /** One action, or several in this order; those behind a stall or a delay wait for its end. */
  readonly do: Action | readonly Action[]
  /** How often it fires. Default 1; Infinity for always. */
  readonly times?: number
  /** How many matching instants pass first. Default 0. */
  readonly skip?: number
  /** Only the nth connection that the proxy accepted, from 1; cancel requests count, they are connections too. */
  readonly connection?: number
}

/** Where and at what a rule fired. */
export interface Hit {
  /** Which connection, counted from 1. */
  readonly connection: number
  /** Undefined before the server has said it. */
  readonly backendPid: number | undefined
  /** The statements that the message belongs to. */
  readonly sql: readonly string[]
}

export interface RuleHandle {
  readonly hits: number
  /** Resolves when it fires for the first time. */
  readonly hit: Promise<Hit>
  /** Ends what it stalled. What it has not stalled yet it still will. */
  release(): void
  /** It fires no more; what it stalled stays so until `release()`. */
  remove(): void
}

/** A rule with its memory. */
export class ActiveRule implements RuleHandle {
  readonly rule: Rule
  readonly actions: readonly Action[]
  readonly hit: Promise<Hit>
  readonly #releases = new Set<() => void>()
  readonly #resolveHit: (hit: Hit) => void
  #hits = 0
  #skipped = 0
  #removed = false

  constructor(rule: Rule) {
    this.rule = rule
    this.actions = "action" in rule.do ? [rule.do] : rule.do
    const { promise, resolve } = Promise.withResolvers<Hit>()
    this.hit = promise
    this.#resolveHit = resolve
    refuseNonsense(rule, this.actions)
  }

  get hits(): number {
    return this.#hits
  }

  get spent(): boolean {
    return this.#removed || this.#hits >= (this.rule.times ?? 1)
  }

  /** Does it fire at this moment? If so, it has. */
  fires(moment: Moment, hit: Hit): boolean {
    if (this.spent || (this.rule.connection ?? hit.connection) !== hit.connection) return false
    if (!matches(this.rule.when, moment)) return false
    if (this.#skipped < (this.rule.skip ?? 0)) {
      this.#skipped++
      return false
    }
    this.#hits++
    this.#resolveHit(hit)
    return true
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
}

function refuseNonsense({ when }: Rule, actions: readonly Action[]): void {
  const late = !("on" in when) && when.at === "after"
  for (const { action } of actions) {
    if (late && (action === "drop" || action === "truncate")) {
      throw new Error(`cannot ${action} a message after it was passed on: use at: "before"`)
    }
    if ("on" in when && action !== "cut" && action !== "stall" && action !== "delay") {
      throw new Error(`cannot ${action} when a client connects: there is no message yet`)
    }
  }
}
