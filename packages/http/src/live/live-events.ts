import { summaryOf, withoutLiterals, type DriverEvent, type Failure } from "@kysely-resilient/driver"

import type { LiveEvent } from "./messages.ts"

/** Enough to recognise a statement by. */
const SQL_MAX = 300

type Facts = Omit<LiveEvent, "at_ms" | "until_ms" | "count">

/** What an event says to people, with nothing in it that a caller wrote as a value; undefined for what samples count. */
export function factsOf(event: DriverEvent): Facts | undefined {
  switch (event.name) {
    case "query.succeeded":
      if (event.firstFailure === undefined) return undefined
      return {
        ...statement(event),
        ...wrong(event.firstFailure),
        name: "query.recovered",
        access: event.access,
        duration_ms: event.durationMs,
      }
    case "query.failed":
      return {
        ...statement(event),
        ...wrong(event.failure),
        name: event.name,
        access: event.access,
        reason: event.because,
        ...(event.partOf !== undefined && { part_of: event.partOf }),
        duration_ms: event.durationMs,
      }
    case "query.retried":
      return { ...statement(event), ...wrong(event.failure), name: event.name }
    case "query.abandoned":
      return { ...statement(event), name: event.name, reason: event.reason }
    case "connection.opened":
      return { name: event.name, duration_ms: event.durationMs }
    case "connection.failed":
      return { name: event.name, ...wrong(event.failure), duration_ms: event.durationMs }
    case "connection.silent":
      return { name: event.name, connection_id: event.connectionId, reason: event.found, duration_ms: event.silentMs }
    case "connection.discarded":
      return { name: event.name, reason: event.reason, ...(event.failure !== undefined && wrong(event.failure)) }
    case "connection.repaired":
      return { name: event.name, reason: event.by }
    case "session.reset":
      return { name: event.name, duration_ms: event.durationMs }
    case "transaction.orphaned":
      return { name: event.name, reason: event.action }
    case "transaction.committed":
      return undefined
    case "transaction.rolled-back":
      // What its caller wanted is no news.
      return event.reason === "caller" ? undefined : { name: event.name, reason: event.reason }
    case "transaction.rerun":
    case "operation.rerun":
      return { name: event.name, ...wrong(event.failure), ...labelled(event.label) }
    case "transaction.recovered":
      return { name: event.name, duration_ms: event.durationMs, ...labelled(event.label) }
    case "transaction.failed":
      return {
        name: event.name,
        ...wrong(event.failure),
        reason: event.because,
        duration_ms: event.durationMs,
        ...labelled(event.label),
      }
    case "effect.resolved":
      return {
        name: event.name,
        effect: event.effect,
        ...(event.late && { late: true as const }),
        duration_ms: event.durationMs,
        ...labelled(event.label),
      }
    case "effect.unresolved":
      return { name: event.name, effect: "unknown", duration_ms: event.durationMs, ...labelled(event.label) }
    case "connection.held-too-long":
      return { name: event.name, duration_ms: event.heldMs }
    case "transaction.held-too-long":
      return { name: event.name, duration_ms: event.heldMs, ...labelled(event.label) }
    case "pool.used-inside":
      return { name: event.name, reason: `${event.what} inside ${event.inside}`, ...labelled(event.label) }
    case "buggify.struck":
      return { name: event.name, reason: event.kind }
    case "pool.outage-began":
    case "circuit.opened":
      return { name: event.name, ...wrong(event.failure) }
    case "pool.outage-ended":
    case "circuit.closed":
      return { name: event.name, duration_ms: event.durationMs }
    case "pool.reset":
    case "circuit.half-opened":
      return { name: event.name }
    default:
      // Of a later driver.
      return undefined
  }
}

function statement(event: { readonly sql: string; readonly label?: string }): Pick<Facts, "sql" | "summary" | "label"> {
  return { sql: shown(event.sql), summary: summaryOf(event), ...labelled(event.label) }
}

/** In an outage the same few texts fail thousands of times a second. */
const texts = new Map<string, string>()
const TEXTS_MAX = 200

export function shown(sql: string): string {
  const known = texts.get(sql)
  if (known !== undefined) return known
  const text = withoutLiterals(sql).slice(0, SQL_MAX)
  if (texts.size >= TEXTS_MAX) texts.clear()
  texts.set(sql, text)
  return text
}

function labelled(label: string | undefined): Pick<Facts, "label"> {
  return label === undefined ? {} : { label: label.slice(0, SQL_MAX) }
}

function wrong({ kind, sqlState, blame, effect }: Failure): Pick<Facts, "kind" | "sql_state" | "blame" | "effect"> {
  return { kind, blame, effect, ...(sqlState !== undefined && { sql_state: sqlState }) }
}
