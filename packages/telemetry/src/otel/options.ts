import type { Meter, Tracer } from "@opentelemetry/api"

export interface OpenTelemetryOptions {
  /**
   * `auto`: a CLIENT span for each statement, retries included; where `@opentelemetry/instrumentation-pg` makes spans of its own, ours
   * are INTERNAL and their durations are not measured twice. `logical`: as if that one were not there. `off`: none. Default `auto`.
   */
  readonly traces?: "auto" | "logical" | "off"
  /** Default `true`. */
  readonly metrics?: boolean
  /** The parameterised text on each span, as the conventions advise. Default `true`. */
  readonly queryText?: boolean
  /** Default: the global ones. */
  readonly tracer?: Tracer
  readonly meter?: Meter
}
