import type { LiveEvent, LiveSample } from "../../live/messages.ts"

/** A stretch of time in which something was wrong, as one event or a few samples show it. */
export interface Trouble {
  readonly from: number
  /** Infinity: it goes on. */
  readonly until: number
  /** Of an event; else the samples say it. */
  readonly event?: LiveEvent
  readonly seen?: readonly Seen[]
}

export type Seen = "waiting" | "slow"

/** What the page and the doctor ask of the server is nobody's work. */
const OWN = /^kysely-resilient\./

/** A connection that is closed for one of these reasons was lost; the others are housekeeping. */
const LOSSES: ReadonlySet<string | undefined> = new Set(["died", "failed", "abandoned", "not-clean"])

/** What is part of an incident, and not just news. */
export function isTrouble(event: LiveEvent): boolean {
  if (event.label !== undefined && OWN.test(event.label)) return false
  switch (event.name) {
    case "query.failed":
      return (
        event.kind !== "aborted" && (event.blame !== "statement" || event.effect === "unknown" || isConflict(event))
      )
    case "connection.discarded":
      return LOSSES.has(event.reason)
    case "query.abandoned":
      return event.reason === "deadline"
    case "query.retried":
    case "query.recovered":
    case "connection.failed":
    case "connection.silent":
    case "connection.repaired":
    case "transaction.orphaned":
    case "transaction.rolled-back":
    case "transaction.rerun":
    case "transaction.recovered":
    case "transaction.failed":
    case "transaction.held-too-long":
    case "connection.held-too-long":
    case "operation.rerun":
    case "effect.resolved":
    case "effect.unresolved":
    case "pool.reset":
    case "pool.outage-began":
    case "pool.outage-ended":
    case "circuit.opened":
    case "circuit.half-opened":
    case "circuit.closed":
    case "buggify.struck":
      return true
    case "connection.opened":
    case "session.reset":
    case "transaction.committed":
    case "pool.used-inside":
    case "health.changed":
    case "action.started":
    case "others":
      return false
  }
}

export function isConflict({ kind }: LiveEvent): boolean {
  return kind === "deadlock_detected" || kind === "serialization_failure"
}

/** Each event that tells of trouble, and what an outage or an open circuit spans. */
export function troublesIn(events: readonly LiveEvent[]): readonly Trouble[] {
  const troubles: Trouble[] = []
  const ordered = events.toSorted((one, other) => one.at_ms - other.at_ms)
  let outage: LiveEvent | undefined
  let circuit: LiveEvent | undefined
  for (const event of ordered) {
    if (!isTrouble(event)) continue
    troubles.push({ from: event.at_ms, until: event.until_ms, event })
    if (event.name === "pool.outage-began") outage ??= event
    if (event.name === "circuit.opened") circuit ??= event
    if (event.name === "pool.outage-ended" && outage !== undefined) {
      troubles.push({ from: outage.at_ms, until: event.until_ms })
      outage = undefined
    }
    if (event.name === "circuit.closed" && circuit !== undefined) {
      troubles.push({ from: circuit.at_ms, until: event.until_ms })
      circuit = undefined
    }
  }
  for (const open of [outage, circuit]) {
    if (open !== undefined) troubles.push({ from: open.at_ms, until: Number.POSITIVE_INFINITY })
  }
  return troubles
}

/** Somebody always waits for a moment where there are more callers than connections. */
const WAIT_S = 0.1
/** What is usual, from so many seconds in which nothing was wrong. */
const USUAL_SAMPLES = 60
const USUAL_MIN = 5
/** So many times as long as usual, and at least so long. */
const SLOW_TIMES = 5
const SLOW_S = 0.1
/** Seconds with fewer statements say little. */
const QUERIES_MIN = 3

/** What only the numbers show: nothing failed, and everybody waited. */
export function slownessIn(samples: readonly LiveSample[]): readonly Trouble[] {
  const usual: number[] = []
  const troubles: Trouble[] = []
  let before: LiveSample | undefined
  for (const sample of samples) {
    const { at_ms: at, since_last: second } = sample
    const median = usual.length < USUAL_MIN ? Number.POSITIVE_INFINITY : medianOf(usual)
    const slow = second.queries >= QUERIES_MIN && second.p50_s >= Math.max(SLOW_S, SLOW_TIMES * median)
    // While connections are being opened, as at the start, it is them that is waited for.
    const settled = before !== undefined && before.pool.opening === 0
    const waiting = settled && second.acquired > 0 && second.wait_s >= WAIT_S
    if (slow || waiting) {
      const seen: readonly Seen[] = [...(slow ? ["slow" as const] : []), ...(waiting ? ["waiting" as const] : [])]
      // What ended in this second began before it.
      troubles.push({ from: Math.min(before?.at_ms ?? at, at - second.max_s * 1_000), until: at, seen })
    } else if (second.queries >= QUERIES_MIN) {
      usual.push(second.p50_s)
      if (usual.length > USUAL_SAMPLES) usual.shift()
    }
    before = sample
  }
  return troubles
}

export function medianOf(values: readonly number[]): number {
  const sorted = values.toSorted((one, other) => one - other)
  return sorted[Math.floor(sorted.length / 2)] ?? 0
}
