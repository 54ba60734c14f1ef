import type { DriverEvent } from "@kysely-resilient/driver"

import { factsOf } from "./live-events.ts"
import type { LiveEvent } from "./messages.ts"

type Mutable<T> = { -readonly [K in keyof T]: T[K] }

/** What changes the state of things is told at once; of everything else there may be thousands in a second. */
const AT_ONCE: ReadonlySet<DriverEvent["name"]> = new Set([
  "pool.reset",
  "pool.outage-began",
  "pool.outage-ended",
  "circuit.opened",
  "circuit.half-opened",
  "circuit.closed",
  "transaction.held-too-long",
  "connection.held-too-long",
])

/** Different things that may happen between two samples and still be told apart. */
const KINDS_MAX = 100

/** Counts what happens until the next sample, so that an outage is told in a hundred lines and not in a hundred thousand. */
export class Tally {
  #counted = new Map<string, Mutable<LiveEvent>>()

  /** An event that is to be told now, or nothing. */
  hear(event: DriverEvent): LiveEvent | undefined {
    const facts = factsOf(event)
    if (facts === undefined) return undefined
    const told = { ...facts, at_ms: event.at, until_ms: event.at, count: 1 }
    if (AT_ONCE.has(event.name)) return told
    const { duration_ms: durationMs, ...same } = facts
    const key = Object.values(same).join("\n")
    const before = this.#counted.get(key)
    if (before !== undefined) {
      before.count += 1
      before.until_ms = event.at
      if (durationMs !== undefined) before.duration_ms = Math.max(before.duration_ms ?? 0, durationMs)
    } else if (this.#counted.size < KINDS_MAX) {
      this.#counted.set(key, told)
    } else {
      const others = this.#counted.get("others")
      if (others === undefined)
        this.#counted.set("others", { name: "others", at_ms: event.at, until_ms: event.at, count: 1 })
      else {
        others.count += 1
        others.until_ms = event.at
      }
    }
    return undefined
  }

  /** What was counted since this was asked last, in the order in which it began. */
  take(): readonly LiveEvent[] {
    if (this.#counted.size === 0) return []
    const counted = [...this.#counted.values()]
    this.#counted = new Map()
    return counted
  }
}
