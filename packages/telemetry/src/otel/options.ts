import type { Context, Meter, Tracer } from "@opentelemetry/api"

export interface OpenTelemetryOptions {
  /** A CLIENT span for each statement, retries included, and an INTERNAL one for each transaction. Default `true`. */
  readonly traces?: boolean
  /** Default `true`. */
  readonly metrics?: boolean
  /** What was tried again, and what failed in the end, as events of the logs signal. Default `true`, where there is a logger. */
  readonly events?: boolean
  /** The parameterised text on each span, as the conventions advise; one without a parameter is shown without its literals. Default `true`. */
  readonly queryText?: boolean
  /** Default: the global ones. */
  readonly tracer?: Tracer
  readonly meter?: Meter
  /** Default: the global one of the logs API, which is in `@opentelemetry/api` from 1.10 on; before, give the one of `api-logs`. */
  readonly logger?: EventLogger
}

/** What is needed of a logger of OpenTelemetry's. */
export interface EventLogger {
  emit(record: {
    eventName: string
    timestamp: number
    severityNumber: number
    severityText: string
    body?: string
    attributes: Record<string, string | number>
    context: Context
  }): void
  enabled?(): boolean
}
