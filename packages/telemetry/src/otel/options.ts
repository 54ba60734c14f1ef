import type { Meter, Tracer } from "@opentelemetry/api"

export interface OpenTelemetryOptions {
  /** A CLIENT span for each statement, retries included, and an INTERNAL one for each transaction. Default `true`. */
  readonly traces?: boolean
  /** Default `true`. */
  readonly metrics?: boolean
  /** The parameterised text on each span, as the conventions advise; one without a parameter is shown without its literals. Default `true`. */
  readonly queryText?: boolean
  /** Default: the global ones. */
  readonly tracer?: Tracer
  readonly meter?: Meter
}
