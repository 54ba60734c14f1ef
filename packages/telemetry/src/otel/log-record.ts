import { describeEvent, safeReason, summaryOf, type DriverEvent, type Failure } from "@kysely-resilient/driver"

import { errorTypeOf } from "../error-type.ts"
import {
  ATTEMPT,
  ATTEMPTS,
  DB_QUERY_SUMMARY,
  DB_RESPONSE_STATUS_CODE,
  EFFECT,
  ERROR_TYPE,
  EXCEPTION_EVENT,
  EXCEPTION_MESSAGE,
  EXCEPTION_TYPE,
  LABEL,
  RETRIED,
  RETRY_BACKOFF,
  RETRY_EVENT,
  type Attributes,
} from "../names.ts"

/** As OpenTelemetry numbers them. */
const INFO = { severityNumber: 9, severityText: "INFO" } as const
const WARN = { severityNumber: 13, severityText: "WARN" } as const

/** What is said of one event, in the form of a record of OpenTelemetry's logs. */
export interface EventRecord {
  readonly eventName: string
  /** Milliseconds since the epoch. */
  readonly timestamp: number
  readonly severityNumber: number
  readonly severityText: string
  readonly body?: string
  readonly attributes: Attributes
}

/**
 * What was tried again, and what failed in the end, once each. A statement whose failure may have its whole transaction run again has not
 * failed yet: what becomes of that is told by itself.
 */
export function recordOf(event: DriverEvent): EventRecord | undefined {
  switch (event.name) {
    case "query.retried":
      return retryOf(event, "statement")
    case "transaction.rerun":
      return retryOf(event, "transaction")
    case "operation.rerun":
      return retryOf(event, "operation")
    case "query.failed":
      return event.partOf === "transaction" && event.failure.retry === "transaction" ? undefined : exceptionOf(event)
    case "transaction.failed":
      return exceptionOf(event)
    default:
      return undefined
  }
}

type Named<N extends DriverEvent["name"]> = Extract<DriverEvent, { readonly name: N }>

function retryOf(event: Named<"query.retried" | "transaction.rerun" | "operation.rerun">, what: string): EventRecord {
  const { at, attempt, delayMs, failure } = event
  const body = describeEvent(event)
  return {
    eventName: RETRY_EVENT,
    timestamp: at,
    ...INFO,
    ...(body !== undefined && { body }),
    attributes: {
      ...namesOf(event),
      ...errorOf(failure),
      [RETRIED]: what,
      [ATTEMPT]: attempt,
      [RETRY_BACKOFF]: delayMs / 1_000,
    },
  }
}

function exceptionOf(event: Named<"query.failed" | "transaction.failed">): EventRecord {
  const { at, attempts, failure } = event
  return {
    eventName: EXCEPTION_EVENT,
    timestamp: at,
    ...WARN,
    attributes: {
      ...namesOf(event),
      ...errorOf(failure),
      [EXCEPTION_TYPE]: failure.kind,
      [EXCEPTION_MESSAGE]: safeReason(failure),
      [EFFECT]: failure.effect,
      [ATTEMPTS]: attempts,
    },
  }
}

function namesOf(event: { readonly sql?: string; readonly label?: string }): Attributes {
  const { sql, label } = event
  return {
    ...(sql !== undefined && { [DB_QUERY_SUMMARY]: summaryOf({ sql, label }) }),
    ...(label !== undefined && { [LABEL]: label }),
  }
}

function errorOf(failure: Failure): Attributes {
  return {
    [ERROR_TYPE]: errorTypeOf(failure),
    ...(failure.sqlState !== undefined && { [DB_RESPONSE_STATUS_CODE]: failure.sqlState }),
  }
}
