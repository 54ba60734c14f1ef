import { metrics, trace } from "@opentelemetry/api"

import type { Source } from "../source.ts"
import { startMetrics } from "./metrics.ts"
import type { OpenTelemetryOptions } from "./options.ts"
import { startTraces } from "./traces.ts"

const NAME = "@kysely-resilient/telemetry"

/**
 * Traces and metrics of one database, exactly as OpenTelemetry's conventions for database clients say. Until the function that is
 * returned is called, or the process ends. Whoever starts an SDK does so before.
 */
export function openTelemetry(source: Source, options: OpenTelemetryOptions = {}): () => void {
  const { traces = true, metrics: measured = true, queryText = true } = options
  const stops: (() => void)[] = []
  if (traces) {
    const tracer = options.tracer ?? trace.getTracer(NAME)
    stops.push(startTraces(source.snapshot().database, { tracer, queryText }))
  }
  if (measured) stops.push(startMetrics(source, options.meter ?? metrics.getMeter(NAME)))
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}
