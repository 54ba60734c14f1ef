import { createDatabase, type Database } from "@kysely-resilient/core"
import { openTelemetry } from "@kysely-resilient/telemetry/otel"
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from "@opentelemetry/sdk-metrics"
import * as conventions from "@opentelemetry/semantic-conventions/incubating"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf } from "../../support/results.ts"

const database = testDatabase(import.meta.url)
let db: Database<unknown>
let exporter: InMemoryMetricExporter
let provider: MeterProvider
let stop: () => void

beforeEach(() => {
  exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
  provider = new MeterProvider({ readers: [reader] })
  db = createDatabase({ connection: database.url, name: "main", pool: { min: 1, max: 2, acquireTimeoutMs: 400 } })
  stop = openTelemetry(db, { meter: provider.getMeter("test"), traces: false })
})

afterEach(async () => {
  stop()
  await provider.shutdown()
  await db.close()
})

async function metrics(): Promise<ReadonlyMap<string, MetricData>> {
  exporter.reset()
  await provider.forceFlush()
  const all = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
  return new Map(all.map((metric) => [metric.descriptor.name, metric]))
}

/** Kind, unit and monotony, by the names of the conventions. */
const OF_CONVENTIONS = [
  [conventions.METRIC_DB_CLIENT_OPERATION_DURATION, DataPointType.HISTOGRAM, "s", undefined],
  [conventions.METRIC_DB_CLIENT_CONNECTION_COUNT, DataPointType.SUM, "{connection}", false],
  [conventions.METRIC_DB_CLIENT_CONNECTION_MAX, DataPointType.SUM, "{connection}", false],
  [conventions.METRIC_DB_CLIENT_CONNECTION_IDLE_MAX, DataPointType.SUM, "{connection}", false],
  [conventions.METRIC_DB_CLIENT_CONNECTION_IDLE_MIN, DataPointType.SUM, "{connection}", false],
  [conventions.METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS, DataPointType.SUM, "{request}", false],
  [conventions.METRIC_DB_CLIENT_CONNECTION_TIMEOUTS, DataPointType.SUM, "{timeout}", true],
  [conventions.METRIC_DB_CLIENT_CONNECTION_CREATE_TIME, DataPointType.HISTOGRAM, "s", undefined],
  [conventions.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME, DataPointType.HISTOGRAM, "s", undefined],
  [conventions.METRIC_DB_CLIENT_CONNECTION_USE_TIME, DataPointType.HISTOGRAM, "s", undefined],
] as const

describe("metrics", () => {
  it.each(OF_CONVENTIONS)("%s is there, as the conventions say", async (name, type, unit, monotonic) => {
    await db.query("select 1")
    const metric = (await metrics()).get(name)
    expect(metric?.dataPointType).toBe(type)
    expect(metric?.descriptor.unit).toBe(unit)
    if (metric?.dataPointType === DataPointType.SUM) expect(metric.isMonotonic).toBe(monotonic)
    expect(metric?.dataPoints.length).toBeGreaterThan(0)
    if (!name.startsWith("db.client.connection.")) return
    for (const { attributes } of metric?.dataPoints ?? []) {
      expect(attributes[conventions.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]).toBe("main")
    }
  })

  it("are no more of db.client than the conventions know", async () => {
    await db.query("select 1")
    const known: readonly string[] = OF_CONVENTIONS.map(([name]) => name)
    const others = [...(await metrics()).keys()].filter((name) => !known.includes(name))
    expect(others.length).toBeGreaterThan(10)
    for (const name of others) expect(name).toMatch(/^kysely_resilient\./)
  })

  it("the duration has one histogram for success and failure, in the advised buckets", async () => {
    await db.query("select 1")
    await db.query("select 1")
    errorOf(await db.query("select broken"))
    const metric = (await metrics()).get(conventions.METRIC_DB_CLIENT_OPERATION_DURATION)
    if (metric?.dataPointType !== DataPointType.HISTOGRAM) throw new Error("it is no histogram")
    const seen = metric.dataPoints.map(({ attributes, value }) => [
      attributes[conventions.ATTR_ERROR_TYPE],
      value.count,
    ])
    expect(seen).toEqual([
      [undefined, 2],
      ["42703", 1],
    ])
    const { attributes, value } = metric.dataPoints[0]!
    expect(value.buckets.boundaries).toEqual([0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5, 10])
    const { hostname, port, pathname } = new URL(database.url)
    expect(attributes).toEqual({
      [conventions.ATTR_DB_SYSTEM_NAME]: "postgresql",
      [conventions.ATTR_DB_NAMESPACE]: pathname.slice(1),
      [conventions.ATTR_DB_QUERY_SUMMARY]: "SELECT",
      [conventions.ATTR_SERVER_ADDRESS]: hostname,
      [conventions.ATTR_SERVER_PORT]: Number(port),
    })
  })

  it("the pool's agree with the driver's own", async () => {
    await Promise.all([db.query("select 1"), db.query("select 1")])
    const [busy, alsoBusy] = [db.query("select pg_sleep(0.8)"), db.query("select pg_sleep(0.8)")]
    await new Promise((resolve) => setTimeout(resolve, 100))
    const late = db.query("select 1")
    const during = await metrics()
    const counts = during.get(conventions.METRIC_DB_CLIENT_CONNECTION_COUNT)?.dataPoints
    expect(
      counts?.map(({ attributes, value }) => [attributes[conventions.ATTR_DB_CLIENT_CONNECTION_STATE], value]),
    ).toEqual([
      ["idle", 0],
      ["used", 2],
    ])
    expect(during.get(conventions.METRIC_DB_CLIENT_CONNECTION_PENDING_REQUESTS)?.dataPoints[0]?.value).toBe(1)
    await Promise.all([busy, alsoBusy])
    expect(errorOf(await late).kind).toBe("pool_timeout")
    const after = await metrics()
    expect(after.get(conventions.METRIC_DB_CLIENT_CONNECTION_TIMEOUTS)?.dataPoints[0]?.value).toBe(1)
    const { wait, use, create } = db.snapshot().times
    for (const [name, kept] of [
      [conventions.METRIC_DB_CLIENT_CONNECTION_WAIT_TIME, wait],
      [conventions.METRIC_DB_CLIENT_CONNECTION_USE_TIME, use],
      [conventions.METRIC_DB_CLIENT_CONNECTION_CREATE_TIME, create],
    ] as const) {
      const metric = after.get(name)
      if (metric?.dataPointType !== DataPointType.HISTOGRAM) throw new Error(`${name} is no histogram`)
      const [point] = metric.dataPoints
      expect(point?.value.buckets.counts).toEqual(kept.buckets)
      expect(point?.value.sum).toBeCloseTo(kept.sumMs / 1_000, 9)
    }
  })

  it("count once what happens though they were begun twice", async () => {
    const leave = openTelemetry(db, { meter: provider.getMeter("test"), traces: false })
    await db.query("select 1")
    const seen = await metrics()
    const counts = ["db.client.operation.duration", "db.client.connection.wait_time"].map((name) =>
      seen.get(name)?.dataPoints.map(({ value }) => (typeof value === "object" && "count" in value ? value.count : -1)),
    )
    expect(counts).toEqual([[1], [1]])
    leave()
  })

  it("nothing is recorded after the end", async () => {
    stop()
    await db.query("select 1")
    expect([...(await metrics()).keys()]).toEqual([])
  })
})
