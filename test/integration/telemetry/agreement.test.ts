import { createDatabase } from "@kysely-resilient/core"
import { openTelemetry } from "@kysely-resilient/telemetry/otel"
import { metricsText, registerPrometheus } from "@kysely-resilient/telemetry/prometheus"
import {
  AggregationTemporality,
  DataPointType,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
  type MetricData,
} from "@opentelemetry/sdk-metrics"
import fc from "fast-check"
import { Registry } from "prom-client"
import { expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { scraped, sumOf } from "../../support/exposition.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table notes (id int primary key, note text)")),
})

/** What one caller may do, some of which goes wrong. */
const work = fc.oneof(
  { weight: 6, arbitrary: fc.constant("read" as const) },
  { weight: 3, arbitrary: fc.constant("write" as const) },
  { weight: 2, arbitrary: fc.constant("transaction" as const) },
  { weight: 2, arbitrary: fc.constant("broken" as const) },
  { weight: 1, arbitrary: fc.constant("rolled-back" as const) },
  { weight: 1, arbitrary: fc.constant("killed" as const) },
  { weight: 1, arbitrary: fc.constant("orphan" as const) },
  { weight: 1, arbitrary: fc.constant("impatient" as const) },
)

function sum(metric: MetricData | undefined, attributes: Readonly<Record<string, unknown>> = {}): number {
  let total = 0
  for (const point of metric?.dataPoints ?? []) {
    if (!Object.entries(attributes).every(([name, value]) => point.attributes[name] === value)) continue
    total += typeof point.value === "number" ? point.value : "count" in point.value ? point.value.count : 0
  }
  return total
}

it("property: after any work, JSON, Prometheus and OpenTelemetry count the same", async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(work, { minLength: 5, maxLength: 40 }), async (works) => {
      const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
      const reader = new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })
      const provider = new MeterProvider({ readers: [reader] })
      const registry = new Registry()
      const db = createDatabase<{ notes: { id: number; note: string } }>({
        connection: database.url,
        pool: { min: 0, max: 3, acquireTimeoutMs: 2_000 },
        errors: { reportDropped: false },
      })
      registerPrometheus(registry, db)
      openTelemetry(db, { meter: provider.getMeter("test"), traces: false })
      const read = () => db.selectFrom("notes").selectAll()
      const run = async (what: (typeof works)[number]): Promise<void> => {
        if (what === "read") await db.all(read())
        else if (what === "write") await db.exec(db.insertInto("notes").values({ id: 1, note: "a" }))
        else if (what === "transaction") await db.transaction((tx) => tx.all(tx.selectFrom("notes").selectAll()))
        else if (what === "broken") await db.query("select broken")
        else if (what === "rolled-back") await db.transaction((tx) => tx.query("select broken"))
        else if (what === "killed") await db.query("select pg_terminate_backend(pg_backend_pid())")
        else if (what === "orphan") await db.withConnection((session) => session.query("begin"))
        else await db.query("select pg_sleep(1)", [], { timeoutMs: 5 })
      }
      await Promise.all(works.map(run))
      await db.close({ drainMs: 5_000 })

      const lines = scraped(await registry.metrics())
      await provider.forceFlush()
      const told = exporter.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
      const otel = new Map(told.map((metric) => [metric.descriptor.name, metric]))
      const { metrics, times } = db.snapshot()
      const report = db.report().resilience.metrics

      const counters = [
        ["kysely_resilient.queries", metrics.total_queries, report.total_queries],
        ["kysely_resilient.queries.failed", metrics.failed_queries, report.failed_queries],
        ["kysely_resilient.connections.reconnected", metrics.reconnections, report.reconnections],
        ["kysely_resilient.transaction.rollbacks", metrics.transaction_rollbacks, report.transaction_rollbacks],
        ["kysely_resilient.pool.resets", metrics.pool_resets, report.pool_resets],
        ["db.client.connection.timeouts", times.timeouts, times.timeouts],
      ] as const
      for (const [name, ours, reported] of counters) {
        const prometheus = sumOf(lines, `${name.replaceAll(".", "_")}_total`)
        expect([name, ours, reported, prometheus, sum(otel.get(name))]).toEqual([name, ours, ours, ours, ours])
      }
      // Of durations there is one for each statement, whether it succeeded or not.
      const durations = otel.get("db.client.operation.duration")
      expect(sumOf(lines, "db_client_operation_duration_seconds_count")).toBe(metrics.total_queries)
      expect(sum(durations)).toBe(metrics.total_queries)
      for (const point of durations?.dataPointType === DataPointType.HISTOGRAM ? durations.dataPoints : []) {
        const labels = Object.fromEntries(
          Object.entries(point.attributes).map(([name, value]) => [name.replaceAll(".", "_"), String(value)]),
        )
        const same = lines.filter(
          ({ name, labels: theirs }) =>
            name === "db_client_operation_duration_seconds_count" &&
            Object.entries(labels).every(([label, value]) => theirs[label] === value) &&
            Object.keys(theirs).length === Object.keys(labels).length + 1,
        )
        expect(same.map(({ value }) => value)).toEqual([point.value.count])
      }
      for (const [name, kept] of [
        ["wait", times.wait],
        ["use", times.use],
        ["create", times.create],
      ] as const) {
        expect(sumOf(lines, `db_client_connection_${name}_time_seconds_count`)).toBe(kept.count)
        expect(sum(otel.get(`db.client.connection.${name}_time`))).toBe(kept.count)
      }
      expect(scraped(metricsText(db))).toEqual(lines)
      await provider.shutdown()
    }),
    { numRuns: 12 },
  )
}, 60_000)
