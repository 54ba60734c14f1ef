import * as api from "@opentelemetry/api"

import type { Source } from "../source.ts"
import { startEvents } from "./events.ts"
import { startMetrics } from "./metrics.ts"
import { onlyOne } from "./only-one.ts"
import type { EventLogger, OpenTelemetryOptions } from "./options.ts"
import { followStatements } from "./statement-now.ts"
import { Traces } from "./traces.ts"

const NAME = "@kysely-resilient/telemetry"

/**
 * Traces, metrics and events of one database, exactly as OpenTelemetry's conventions for database clients say. Until the function that is
 * returned is called, or the process ends. Whoever starts an SDK does so before. Called again for the same database and the same SDK it begins anew.
 */
export function openTelemetry(source: Source, options: OpenTelemetryOptions = {}): () => void {
  const { traces: traced = true, metrics: measured = true, events = true, queryText = true } = options
  const stops: (() => void)[] = []
  const tracer = options.tracer ?? api.trace.getTracer(NAME)
  const traces = new Traces(source.snapshot().database, { tracer, queryText })
  if (traced) stops.push(onlyOne(source, options.tracer ?? "traces", () => traces.start()))
  if (measured) {
    const meter = options.meter ?? api.metrics.getMeter(NAME)
    stops.push(onlyOne(source, options.meter ?? "metrics", () => startMetrics(source, meter)))
  }
  const logger = events ? (options.logger ?? globalLogger()) : undefined
  // Nobody takes logs: so that statements need not be followed for nothing.
  if (logger !== undefined && logger.enabled?.() !== false) {
    if (traced) stops.push(followStatements())
    const begin = (): (() => void) => startEvents(source, logger, () => traces.current())
    stops.push(onlyOne(source, options.logger ?? "events", begin))
  }
  return () => {
    for (const stop of stops.splice(0)) stop()
  }
}

/** Older versions of the API, which will do, have none. */
function globalLogger(): EventLogger | undefined {
  return "logs" in api ? api.logs.getLogger(NAME) : undefined
}
