import {
  SlidingWindow,
  withoutLiterals,
  type Clock,
  type DiscardReason,
  type DriverEvent,
  type Failure,
} from "@kysely-resilient/driver"

import { causeOf } from "./cause.ts"
import { Tally, type Seen } from "./tally.ts"

/** What counts by the minute, as the metrics' own window does. */
type Frequent =
  | "loss"
  | "opening-failed"
  | "first-failure"
  | "rollback"
  | "conflict"
  | "pool-refusal"
  | "late-in-line"
  | "time-out"
  | "rerun"
  | "budget-spent"
  | "slow"

/** What is worth telling even if it happens once: it is remembered for longer. */
type Rare =
  | "used-inside"
  | "held"
  | "orphaned"
  | "unresolved"
  | "unresolved-name"
  | "found-late"
  | "unconfirmed"
  | "buggify"

export type Topic = Frequent | Rare

/** As long as the metrics' window, in as many slices, so that causes and counters are of the same time. */
const FREQUENT = { windowMs: 60_000, slices: 30 }

/** Long enough for somebody to come and look. */
export const RARE_MS = 600_000

const RARE = { windowMs: RARE_MS, slices: 20 }

/** Nobody waits for long without noticing; the same second is what PgHero and its like call slow for a page. */
export const SLOW_MS = 1_000

/** How much of a statement is shown. */
const TEXT_LENGTH_MAX = 200

/** How much of it is looked at for that; a literal that is cut off is one all the same. */
const TEXT_READ_MAX = 2_000

const RARE_TOPICS: ReadonlySet<Topic> = new Set<Rare>([
  "used-inside",
  "held",
  "orphaned",
  "unresolved",
  "unresolved-name",
  "found-late",
  "unconfirmed",
  "buggify",
])

/** A loss, which something has to replace; the other reasons are housekeeping. */
const LOSSES: ReadonlySet<DiscardReason> = new Set(["died", "failed", "abandoned"])

type Slice = Tally<Topic>

/** Remembers of what happened lately what counters do not: why. Costs one comparison for a statement that went well. */
export class Chronicle {
  readonly #frequent: SlidingWindow<Slice>
  readonly #rare: SlidingWindow<Slice>
  readonly #noted: () => void
  #failuresInARow = 0

  /** @param noted told whenever there is something new */
  constructor(clock: Clock, noted: () => void) {
    const make = (): Slice => new Tally()
    this.#frequent = new SlidingWindow(clock, { ...FREQUENT, make })
    this.#rare = new SlidingWindow(clock, { ...RARE, make })
    this.#noted = noted
  }

  /** Statements since the last one that succeeded which failed because of the server. */
  get failuresInARow(): number {
    return this.#failuresInARow
  }

  /** What is remembered now, by topic. */
  read(): (topic: Topic) => Seen {
    const frequent = sumOf(this.#frequent.remembered())
    const rare = sumOf(this.#rare.remembered())
    return (topic) => (RARE_TOPICS.has(topic) ? rare : frequent).seen(topic)
  }

  readonly observe = (event: DriverEvent): void => {
    switch (event.name) {
      case "query.succeeded":
        this.#failuresInARow = 0
        if (event.durationMs >= SLOW_MS) this.#note("slow", textOf(event), "", event.durationMs)
        if (event.firstFailure !== undefined) this.#failedFirst(event.firstFailure)
        break
      case "query.failed": {
        const { failure, firstFailure, because, durationMs } = event
        this.#failuresInARow = failure.blame === "server" ? this.#failuresInARow + 1 : 0
        this.#failedFirst(firstFailure ?? failure)
        this.#limited(failure, event, durationMs)
        if (failure.effect === "applied_locally") this.#unconfirmed(textOf(event))
        if (because === "budget-spent") this.#note("budget-spent", failure.kind, "")
        break
      }
      case "connection.discarded": {
        const { reason, failure } = event
        if (!LOSSES.has(reason)) break
        if (failure === undefined) this.#note("loss", reason, reason === "abandoned" ? "silent" : "other")
        else this.#noteCause("loss", failure)
        break
      }
      case "connection.failed":
        this.#noteCause("opening-failed", event.failure)
        break
      case "transaction.rolled-back":
        // A callback that returns an Err has wanted it.
        if (event.reason !== "caller" && event.reason !== "failed") this.#note("rollback", event.reason, event.reason)
        break
      case "transaction.rerun":
      case "operation.rerun":
        this.#note("rerun", event.label ?? event.failure.kind, event.failure.kind)
        // What failed in a statement has been told with it.
        if (event.failure.phase === "commit") this.#conflicted(event.failure)
        break
      case "transaction.failed":
        if (event.failure.effect === "applied_locally") this.#unconfirmed(event.label)
        if (event.failure.phase === "commit") this.#conflicted(event.failure)
        break
      case "connection.held-too-long":
        this.#held(placeIn(event.takenBy) ?? "a connection", event)
        break
      case "transaction.held-too-long":
        this.#held(event.label ?? placeIn(event.takenBy) ?? "a transaction", event)
        break
      case "transaction.orphaned":
        this.#note("orphaned", event.action, event.action)
        break
      case "pool.used-inside":
        this.#note(
          "used-inside",
          placeIn(event.callSite) ?? event.label ?? textOf({ sql: event.sql ?? event.what }),
          event.inside,
        )
        break
      case "effect.unresolved":
        this.#note("unresolved", event.label === undefined ? event.why : `${event.label}: ${event.why}`, event.by)
        if (event.label !== undefined) this.#note("unresolved-name", event.label, event.by)
        break
      case "effect.resolved":
        if (event.late) this.#note("found-late", event.label ?? "", event.by)
        // What was known in time has been told with its statement or transaction.
        if (event.effect === "applied_locally" && event.late) this.#unconfirmed(event.label)
        break
      case "buggify.struck":
        this.#note("buggify", event.kind, "")
        break
      case "pool.outage-began":
      case "circuit.opened":
      case "circuit.half-opened":
      case "circuit.closed":
        this.#noted()
        break
      default:
        break
    }
  }

  #held(what: string, { working, heldMs }: { readonly working: boolean; readonly heldMs: number }): void {
    this.#note("held", what, working ? "working" : "resting", heldMs)
  }

  #unconfirmed(label = "a COMMIT"): void {
    this.#note("unconfirmed", label, "")
  }

  #failedFirst(failure: Failure): void {
    if (failure.blame === "server") this.#noteCause("first-failure", failure)
    this.#conflicted(failure)
  }

  #conflicted(failure: Failure): void {
    switch (failure.kind) {
      case "deadlock_detected":
      case "serialization_failure":
      case "lock_not_available":
      case "lock_timeout":
        this.#note("conflict", `${failure.sqlState ?? ""} ${failure.kind}`.trim(), failure.kind)
        break
      default:
        break
    }
  }

  /** What ran out: the pool, or time. */
  #limited(failure: Failure, statement: Statement, durationMs: number): void {
    switch (failure.kind) {
      case "pool_timeout":
      case "pool_full":
      case "pool_deadlock":
        this.#note("pool-refusal", failure.kind, failure.kind, durationMs)
        break
      case "deadline_exceeded":
      case "statement_timeout":
      case "transaction_timeout":
        if (failure.phase === "acquire") this.#note("late-in-line", failure.kind, failure.kind, durationMs)
        else this.#note("time-out", textOf(statement), failure.kind, durationMs)
        break
      default:
        break
    }
  }

  #noteCause(topic: Topic, failure: Failure): void {
    const { what, sort } = causeOf(failure)
    this.#note(topic, what, sort)
  }

  #note(topic: Topic, what: string, sort: string, ms?: number): void {
    const window = RARE_TOPICS.has(topic) ? this.#rare : this.#frequent
    window.current().note(topic, what, sort, ms)
    this.#noted()
  }
}

function sumOf(slices: readonly Slice[]): Slice {
  const sum: Slice = new Tally()
  for (const slice of slices) sum.addAll(slice)
  return sum
}

interface Statement {
  readonly label?: string
  readonly sql: string
}

/** Of a stack, the first frame: who called. */
function placeIn(stack: string | undefined): string | undefined {
  return stack?.split("\n", 1)[0]?.trim().replace(/^at /, "")
}

/** Of a statement, what may be shown to anybody: its label, or its text without literals. */
function textOf({ label, sql }: Statement): string {
  if (label !== undefined) return label
  const text = withoutLiterals(sql.slice(0, TEXT_READ_MAX)).replaceAll(/\s+/g, " ").trim()
  return text.length > TEXT_LENGTH_MAX ? `${text.slice(0, TEXT_LENGTH_MAX - 1)}…` : text
}
