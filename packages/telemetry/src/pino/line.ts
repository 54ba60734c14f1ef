import {
  describeEvent,
  summaryOf,
  type DriverEvent,
  type DriverEventName,
  type Failure,
} from "@kysely-resilient/driver"

import { errorTypeOf } from "../error-type.ts"
import { DB_QUERY_SUMMARY, DB_RESPONSE_STATUS_CODE, ERROR_TYPE, OWN } from "../names.ts"

export type Level = "debug" | "info" | "warn" | "error"

export interface LogLine {
  readonly level: Level
  readonly message: string
  /** Names of OpenTelemetry where there are any. No parameter, no row, no word of the server that may quote one. */
  readonly fields: Readonly<Record<string, string | number | boolean>>
}

/** How much each matters to whoever operates it, where there is something to say of it. */
const LEVELS: Readonly<Record<DriverEventName, Level>> = {
  "query.succeeded": "debug",
  "query.failed": "error",
  "query.retried": "info",
  "query.abandoned": "info",
  "connection.opened": "debug",
  "connection.failed": "warn",
  "connection.discarded": "warn",
  "connection.silent": "warn",
  "connection.repaired": "warn",
  "session.reset": "debug",
  "transaction.orphaned": "warn",
  "transaction.committed": "debug",
  "transaction.rolled-back": "warn",
  "transaction.rerun": "info",
  "transaction.recovered": "info",
  "transaction.failed": "error",
  "operation.rerun": "info",
  "transaction.held-too-long": "warn",
  "connection.held-too-long": "warn",
  "effect.resolved": "info",
  "effect.unresolved": "error",
  "pool.used-inside": "warn",
  "pool.reset": "warn",
  "pool.outage-began": "error",
  "pool.outage-ended": "info",
  "circuit.opened": "error",
  "circuit.half-opened": "info",
  "circuit.closed": "info",
  "buggify.struck": "debug",
}

/** One event as one line, or undefined where nobody need be told. A statement has one line for its end, whatever it took. */
export function lineOf(event: DriverEvent, slowMs: number): LogLine | undefined {
  if (event.name === "query.succeeded") {
    if (event.durationMs < slowMs) return undefined
    const fields = { event: `${OWN}.query.slow`, ...fieldsOf(event) }
    return { level: "warn", message: `${summaryOf(event)} took ${Math.round(event.durationMs)} ms`, fields }
  }
  const message = describeEvent(event)
  if (message === undefined) return undefined
  const fields = { event: `${OWN}.${event.name.replaceAll("-", "_")}`, ...fieldsOf(event) }
  return { level: LEVELS[event.name], message, fields }
}

function fieldsOf(event: DriverEvent): Record<string, string | number | boolean> {
  return {
    ...("sql" in event &&
      event.sql !== undefined && { [DB_QUERY_SUMMARY]: summaryOf({ sql: event.sql, label: event.label }) }),
    ...("label" in event && event.label !== undefined && { label: event.label }),
    ...("durationMs" in event && { duration_s: event.durationMs / 1_000 }),
    ...("attempts" in event && { attempts: event.attempts }),
    ...("attempt" in event && { attempt: event.attempt }),
    ...("connectionId" in event && event.connectionId !== undefined && { connection: event.connectionId }),
    ...("reason" in event && { reason: event.reason }),
    ...("because" in event && { because: event.because }),
    ...("failure" in event && event.failure !== undefined && failureFields(event.failure)),
  }
}

function failureFields(failure: Failure): Record<string, string> {
  return {
    [ERROR_TYPE]: errorTypeOf(failure),
    ...(failure.sqlState !== undefined && { [DB_RESPONSE_STATUS_CODE]: failure.sqlState }),
    kind: failure.kind,
    effect: failure.effect,
  }
}
