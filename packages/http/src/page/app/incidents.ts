import type { LiveEvent, LiveSample } from "../../live/messages.ts"
import { askedBefore } from "./asked.ts"
import { isConflict, medianOf, slownessIn, troublesIn, type Seen, type Trouble } from "./trouble.ts"

/** What became of the operations of one kind. */
export interface Affected {
  /** The name that callers gave it, else "SELECT users". */
  readonly who: string
  readonly affected: number
  readonly recovered: number
  readonly failed: number
  readonly unknown: number
}

/** Everything that went wrong at about the same time, told as one thing. */
export interface Incident {
  readonly from: number
  readonly until: number
  /** It goes on, or may still: it has only just become quiet. */
  readonly open: boolean
  /** Since nothing of it happened any more. */
  readonly quietMs: number
  /** Operations whose caller would have noticed: statements, and transactions as a whole. */
  readonly affected: number
  /** Of those: what succeeded in the end, or was found to have been done. */
  readonly recovered: number
  /** Their callers got an error. */
  readonly failed: number
  /** Writes of which nobody knows whether they were done. */
  readonly unknown: number
  readonly who: readonly Affected[]
  /** COMMITs that were not answered, and whose effect was found out; and those where it was not. */
  readonly foundOut: number
  readonly notFoundOut: number
  readonly retries: number
  readonly connectionsLost: number
  /** Nothing could be opened for so long. */
  readonly outageMs: number
  /** It cannot be now. */
  readonly away: boolean
  /** The slowest statement of it. */
  readonly peakS: number
  /** What half of the statements took before it, and did not exceed; undefined if too little is known. */
  readonly usualS: number | undefined
  /** The most that stood in line at once. */
  readonly waitingMax: number
  /** That many stood there at its end, or stand there now. */
  readonly waitingNow: number
  /** Seconds in which somebody had to wait for a connection, and in which half of all statements were slow. */
  readonly seconds: Readonly<Record<Seen, number>>
  /** What half of them took then. */
  readonly slowS: number
  /** What was asked for on the page shortly before it. */
  readonly asked: LiveEvent | undefined
  /** What happened, in order. */
  readonly events: readonly LiveEvent[]
}

/** What comes within so long is part of the same. */
const GAP_MS = 4_000

/** How long ago the last trouble may be for an incident to be still going on. */
const OPEN_MS = 2_500

/** Groups what was told into incidents, the newest first. */
export function incidentsOf(
  events: readonly LiveEvent[],
  samples: readonly LiveSample[],
  now: number,
): readonly Incident[] {
  const troubles = [...troublesIn(events), ...slownessIn(samples)].toSorted((one, other) => one.from - other.from)
  const groups: { troubles: Trouble[]; from: number; until: number }[] = []
  for (const trouble of troubles) {
    const group = groups.at(-1)
    if (group === undefined || trouble.from - group.until > GAP_MS) {
      groups.push({ troubles: [trouble], from: trouble.from, until: trouble.until })
    } else {
      group.troubles.push(trouble)
      group.until = Math.max(group.until, trouble.until)
    }
  }
  const tied = new Set<LiveEvent>()
  return groups
    .map((group) => {
      const asked = askedBefore(events, beganAt(group.troubles))
      // What comes later, when that is over, most probably has nothing to do with it.
      const first = asked !== undefined && !tied.has(asked)
      if (first) tied.add(asked)
      return { ...incidentOf(group.troubles, group, samples, now), asked: first ? asked : undefined }
    })
    .toReversed()
}

/** By when it had surely begun: an event knows its moment, and a second that was slow only its end. */
function beganAt(troubles: readonly Trouble[]): number {
  return Math.min(...troubles.map(({ event, from, until }) => (event === undefined ? until : from)))
}

function incidentOf(
  troubles: readonly Trouble[],
  span: { readonly from: number; readonly until: number },
  samples: readonly LiveSample[],
  now: number,
): Omit<Incident, "asked"> {
  const events = troubles.flatMap(({ event }) => event ?? [])
  const until = Math.min(span.until, Math.max(now, span.from))
  const during = samples.filter(({ at_ms: at }) => at >= span.from && at <= until + 1_000)
  const before = samples.filter(({ at_ms: at, since_last: second }) => at < span.from && second.queries > 0).slice(-60)
  const who = affectedBy(events)
  const sum = (key: "affected" | "recovered" | "failed" | "unknown"): number =>
    who.reduce((all, one) => all + one[key], 0)
  const secondsOf = (what: Seen): number => troubles.filter(({ seen }) => seen?.includes(what)).length
  const count = (name: LiveEvent["name"]): number => total(events, (event) => event.name === name)
  return {
    from: span.from,
    until,
    open: span.until > now - OPEN_MS,
    quietMs: Math.max(0, now - until),
    affected: sum("affected"),
    recovered: sum("recovered"),
    failed: sum("failed"),
    unknown: sum("unknown"),
    who,
    foundOut: count("effect.resolved"),
    notFoundOut: Math.max(0, count("effect.unresolved") - total(events, isLate)),
    retries: count("query.retried") + count("transaction.rerun") + count("operation.rerun"),
    connectionsLost: count("connection.discarded"),
    ...outageOf(events, until),
    peakS: Math.max(0, ...during.map(({ since_last: { max_s: max } }) => max), ...events.map(slowestOf)),
    usualS: before.length < 5 ? undefined : medianOf(before.map(({ since_last: { p50_s: p50 } }) => p50)),
    waitingMax: Math.max(0, ...during.map(({ pool }) => pool.waiting)),
    waitingNow: during.at(-1)?.pool.waiting ?? 0,
    seconds: { waiting: secondsOf("waiting"), slow: secondsOf("slow") },
    slowS: medianOf(during.map(({ since_last: { p50_s: p50 } }) => p50).filter((p50) => p50 > 0)),
    events,
  }
}

function slowestOf(event: LiveEvent): number {
  return isOutcome(event) ? (event.duration_ms ?? 0) / 1_000 : 0
}

function isOutcome({ name }: LiveEvent): boolean {
  return /^(query|transaction)\.(recovered|failed)$/.test(name)
}

function isLate({ name, late }: LiveEvent): boolean {
  return name === "effect.resolved" && late === true
}

function outageOf(events: readonly LiveEvent[], until: number): Pick<Incident, "outageMs" | "away"> {
  let sum = 0
  let began: number | undefined
  for (const { name, at_ms: at, duration_ms: durationMs } of events) {
    if (name === "pool.outage-began") began ??= at
    if (name === "pool.outage-ended") {
      sum += durationMs ?? at - (began ?? at)
      began = undefined
    }
  }
  return began === undefined
    ? { outageMs: sum, away: false }
    : { outageMs: sum + Math.max(0, until - began), away: true }
}

function total(events: readonly LiveEvent[], wanted: (event: LiveEvent) => boolean): number {
  return events.reduce((sum, event) => (wanted(event) ? sum + event.count : sum), 0)
}

/** What became of an operation, or nothing if the event does not tell an end. */
export function outcomeOf(event: LiveEvent): "recovered" | "failed" | "unknown" | "found out late" | undefined {
  switch (event.name) {
    case "query.recovered":
    case "transaction.recovered":
      return "recovered"
    case "query.failed":
      // Its transaction tells what becomes of it as a whole.
      if (event.part_of === "transaction") return undefined
      return event.effect === "unknown" && event.access !== "read" ? "unknown" : "failed"
    case "transaction.failed":
      return event.effect === "unknown" ? "unknown" : "failed"
    case "effect.resolved":
      if (event.late === true) return "found out late"
      // What was not applied is run again, and that is told.
      return event.effect === "not_applied" ? undefined : "recovered"
    default:
      return undefined
  }
}

function affectedBy(events: readonly LiveEvent[]): readonly Affected[] {
  const found = new Map<string, { -readonly [K in keyof Affected]: Affected[K] }>()
  for (const event of events) {
    const outcome = outcomeOf(event)
    if (outcome === undefined) continue
    const who = groupOf(event.label ?? event.summary ?? "a transaction")
    const one = found.get(who) ?? { who, affected: 0, recovered: 0, failed: 0, unknown: 0 }
    found.set(who, one)
    if (outcome === "found out late") {
      // It has been counted as unknown, perhaps in a part that is no longer remembered.
      const known = Math.min(one.unknown, event.count)
      one.unknown -= known
      one.recovered += known
      continue
    }
    one.affected += event.count
    one[outcome] += event.count
  }
  return [...found.values()]
    .filter(({ affected }) => affected > 0)
    .toSorted((one, other) => other.affected - one.affected || (one.who < other.who ? -1 : 1))
}

/** Callers may number what they do: "order 4711" and "order 4712" are both an order. */
function groupOf(name: string): string {
  const group = name.replace(/[\s#:/-]*\d[\d\s#:/-]*$/, "")
  return group === "" ? name : group
}

/** Which operations nobody knows the effect of, one by one: somebody has to look. */
export function unknownIn({ events }: Pick<Incident, "events">): readonly string[] {
  const late = events.filter(isLate).map(({ label }) => label)
  return events
    .filter((event) => outcomeOf(event) === "unknown" && !(event.label !== undefined && late.includes(event.label)))
    .map(({ label, summary }) => label ?? summary ?? "a transaction")
}

export type Cause =
  | "crash"
  | "restart"
  | "outage"
  | "silent"
  | "terminated"
  | "cut"
  | "exhausted"
  | "left-open"
  | "deadlock"
  | "conflict"
  | "limit"
  | "slow"
  | "trouble"

/** Where everything is slow for so long, that some have to wait for a connection is no wonder. */
const SLOW_SECONDS = 3

/** What it most probably was, by the strongest evidence. */
export function causeOf({ events, outageMs, connectionsLost, waitingMax, seconds }: Incident): Cause {
  const has = (wanted: (event: LiveEvent) => boolean): boolean => events.some(wanted)
  const kind = (...kinds: readonly string[]): boolean => has((event) => kinds.includes(event.kind ?? ""))
  const named = (...names: readonly LiveEvent["name"][]): boolean => has(({ name }) => names.includes(name))
  if (kind("server_crashed")) return "crash"
  const away = outageMs > 0 || named("pool.outage-began", "circuit.opened")
  if (kind("server_starting") || (away && kind("server_shutdown"))) return "restart"
  if (
    named("connection.silent") ||
    has(({ reason, name }) => name === "connection.discarded" && reason === "abandoned")
  )
    return "silent"
  if (away) return "outage"
  if (kind("server_shutdown")) return "terminated"
  if (connectionsLost > 0 || kind("connection_failed")) return "cut"
  if (named("transaction.orphaned", "connection.repaired", "transaction.held-too-long", "connection.held-too-long"))
    return "left-open"
  if (
    kind("pool_timeout", "pool_full", "pool_deadlock") ||
    (seconds.waiting > 0 && seconds.slow < SLOW_SECONDS && waitingMax > 0)
  )
    return "exhausted"
  if (kind("deadlock_detected")) return "deadlock"
  if (has(isConflict)) return "conflict"
  if (kind("deadline_exceeded", "statement_timeout", "transaction_timeout", "lock_timeout")) return "limit"
  if (seconds.slow + seconds.waiting > 0) return "slow"
  return "trouble"
}
