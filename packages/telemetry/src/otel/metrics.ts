import { channels, type DriverEvent } from "@kysely-resilient/driver"
import type { Attributes as OtelAttributes, BatchObservableCallback, Meter, Observable } from "@opentelemetry/api"

import { errorTypeOf } from "../error-type.ts"
import { factsOf, poolAttributes, serverAttributes } from "../facts.ts"
import { operationAttributes } from "../histograms.ts"
import { BOUNDS_S, INSTRUMENTS, type Instrument } from "../instruments.ts"
import {
  CONNECTION_CREATE_TIME,
  CONNECTION_USE_TIME,
  CONNECTION_WAIT_TIME,
  OPERATION_DURATION,
  type Attributes,
} from "../names.ts"
import type { Source } from "../source.ts"
import { tallyOf } from "../tally.ts"
import { isPoolOf } from "./told.ts"

/** Metrics of one database; the function that is returned ends that. */
export function startMetrics(source: Source, meter: Meter): () => void {
  const stops = [observeAll(source, meter), recordPool(source, meter), recordOperations(source, meter)]
  return () => {
    for (const stop of stops) stop()
  }
}

/** All that is read and not told, of one moment. */
function observeAll(source: Source, meter: Meter): () => void {
  const observables = INSTRUMENTS.map((instrument) => [instrument, observable(meter, instrument)] as const)
  const all = observables.map(([, made]) => made)
  const callback: BatchObservableCallback = (result) => {
    const facts = factsOf(source)
    for (const [{ read }, made] of observables) {
      for (const { attributes, value } of read(facts)) result.observe(made, value, mutable(attributes))
    }
  }
  // It counts from now on, not from the first collection.
  tallyOf(source)
  meter.addBatchObservableCallback(callback, all)
  return () => meter.removeBatchObservableCallback(callback, all)
}

function observable(meter: Meter, { name, kind, unit, help: description }: Instrument): Observable {
  if (kind === "counter") return meter.createObservableCounter(name, { unit, description })
  if (kind === "updown") return meter.createObservableUpDownCounter(name, { unit, description })
  return meter.createObservableGauge(name, { unit, description })
}

/** One histogram for success and failure, with the attributes of a kind of statement made once. */
function recordOperations(source: Source, meter: Meter): () => void {
  const histogram = durationHistogram(meter, OPERATION_DURATION, "Duration of database client operations.")
  const server = serverAttributes(source.snapshot().database)
  const { summaries } = tallyOf(source)
  const succeeded = new Map<string, OtelAttributes>()
  return source.observe((event: DriverEvent) => {
    if (event.name === "query.succeeded") {
      const summary = summaries.of(event)
      let attributes = succeeded.get(summary)
      if (attributes === undefined) {
        attributes = { ...server, ...operationAttributes({ summary, error: undefined }) }
        succeeded.set(summary, attributes)
      }
      histogram.record(event.durationMs / 1_000, attributes)
    } else if (event.name === "query.failed") {
      const { failure, durationMs } = event
      const error = { type: errorTypeOf(failure), sqlState: failure.sqlState }
      histogram.record(durationMs / 1_000, {
        ...server,
        ...operationAttributes({ summary: summaries.of(event), error }),
      })
    }
  })
}

/** As the pool tells them, one by one: a histogram of OpenTelemetry's takes nothing else. */
function recordPool(source: Source, meter: Meter): () => void {
  const { database } = source.snapshot()
  const pool = mutable(poolAttributes(database))
  const wait = durationHistogram(meter, CONNECTION_WAIT_TIME, "The time it took to obtain an open connection.")
  const use = durationHistogram(meter, CONNECTION_USE_TIME, "The time between borrowing a connection and returning it.")
  const create = durationHistogram(meter, CONNECTION_CREATE_TIME, "The time it took to create a new connection.")
  const recordingTo =
    (histogram: typeof wait) =>
    (message: unknown): void => {
      if (isPoolOf(database, message)) histogram.record(message.durationMs / 1_000, pool)
    }
  const [acquired, released] = [recordingTo(wait), recordingTo(use)]
  channels.acquired.subscribe(acquired)
  channels.released.subscribe(released)
  const leave = source.observe((event) => {
    if (event.name === "connection.opened") create.record(event.durationMs / 1_000, pool)
  })
  return () => {
    channels.acquired.unsubscribe(acquired)
    channels.released.unsubscribe(released)
    leave()
  }
}

function durationHistogram(meter: Meter, name: string, description: string): ReturnType<Meter["createHistogram"]> {
  return meter.createHistogram(name, { unit: "s", description, advice: { explicitBucketBoundaries: [...BOUNDS_S] } })
}

function mutable(attributes: Attributes): OtelAttributes {
  return { ...attributes }
}
