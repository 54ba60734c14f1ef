import { context, isSpanContextValid, trace, TraceFlags } from "@opentelemetry/api"

/**
 * The active span as W3C's `traceparent` says it, if it is sampled: for `sqlComments: { tags: () => ({ traceparent: traceparent() }) }`.
 * That is whose span the statement's own is a child of.
 */
export function traceparent(): string | undefined {
  const span = trace.getSpanContext(context.active())
  if (span === undefined || !isSpanContextValid(span)) return undefined
  const { traceId, spanId, traceFlags } = span
  if ((traceFlags & TraceFlags.SAMPLED) === 0) return undefined
  return `00-${traceId}-${spanId}-${traceFlags.toString(16).padStart(2, "0")}`
}
