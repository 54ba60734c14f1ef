/** One way to run statements, in a process of its own: instrumentations change `pg` for the whole of theirs. */
import { createRequire } from "node:module"
import { pathToFileURL } from "node:url"

import { context } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { PgInstrumentation } from "@opentelemetry/instrumentation-pg"
import { LoggerProvider } from "@opentelemetry/sdk-logs"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from "@opentelemetry/sdk-metrics"
import { TracerProvider } from "@opentelemetry/sdk-trace"
import type { createDatabase, Database } from "@kysely-resilient/core"
import type { Pool } from "pg"

import type { Measured } from "./telemetry.ts"

interface Tables {
  readonly items: { readonly id: number; readonly name: string }
}

interface CoreModule {
  readonly createDatabase: typeof createDatabase
}

const POOL_SIZE = 10
const CALLERS = 64
const TEXT = 'select "id", "name" from "items" where "id" = $1'

const [variant = "", url = "", packages = ""] = process.argv.slice(2)
const exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
const meters = new MeterProvider({
  readers: [new PeriodicExportingMetricReader({ exporter, exportIntervalMillis: 3_600_000 })],
})
let spans = 0
// Spans are made, ended and dropped: what an exporter does with them is the same for all.
const tracers = new TracerProvider({
  spanProcessors: [
    {
      onStart: () => {},
      onEnd: () => void (spans += 1),
      forceFlush: () => Promise.resolve(),
      shutdown: () => Promise.resolve(),
    },
  ],
})

// None is made where nothing fails: what it costs is to know which statement one would belong to.
const logRecords = new LoggerProvider({
  processors: [{ onEmit: () => {}, forceFlush: () => Promise.resolve(), shutdown: () => Promise.resolve() }],
})

/** What comes of it is awaited. */
type Run = (id: number) => unknown

async function prepared(): Promise<Run> {
  switch (variant) {
    case "pg":
      return plainPg()
    case "pg+instrumentation": {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
      const instrumentation = new PgInstrumentation({ requireParentSpan: false })
      instrumentation.setTracerProvider(tracers)
      instrumentation.setMeterProvider(meters)
      return plainPg()
    }
    case "core":
    case "core of a checkout":
      return (await core()).run
    case "core+opentelemetry":
    case "core+opentelemetry+events": {
      context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
      const { db, run } = await core()
      const { openTelemetry } = await import("@kysely-resilient/telemetry/otel")
      const events = variant === "core+opentelemetry+events"
      const logger = logRecords.getLogger("bench")
      openTelemetry(db, { tracer: tracers.getTracer("bench"), meter: meters.getMeter("bench"), logger, events })
      return run
    }
    default:
      throw new Error(`There is no ${variant}`)
  }
}

function plainPg(): Run {
  const pg: { readonly Pool: typeof Pool } = createRequire(import.meta.url)("pg")
  const pool = new pg.Pool({ connectionString: url, max: POOL_SIZE })
  return (id) => pool.query(TEXT, [id])
}

async function core(): Promise<{ readonly db: Database<Tables>; readonly run: Run }> {
  const { createDatabase }: CoreModule = await import(pathToFileURL(`${packages}/core/src/index.ts`).href)
  const db = createDatabase<Tables>({ connection: url, pool: { max: POOL_SIZE } })
  return { db, run: (id) => db.all(db.selectFrom("items").select(["id", "name"]).where("id", "=", id)) }
}

const run = await prepared()

async function round(milliseconds: number): Promise<void> {
  const before = process.cpuUsage()
  const startedAt = performance.now()
  let done = 0
  const call = async (): Promise<void> => {
    while (performance.now() - startedAt < milliseconds) {
      done += 1
      await run(done % 1_000)
    }
  }
  await Promise.all(Array.from({ length: CALLERS }, call))
  const { user, system } = process.cpuUsage(before)
  const measured: Measured = {
    cpuMicros: (user + system) / done,
    perSecond: (done * 1_000) / (performance.now() - startedAt),
    spansPerStatement: spans / done,
  }
  spans = 0
  process.send?.(measured)
}

process.on("message", ({ milliseconds }: { readonly milliseconds: number }) => void round(milliseconds))
