import { createDatabase, type Database } from "@kysely-resilient/core"
import { openTelemetry, type OpenTelemetryOptions } from "@kysely-resilient/telemetry/otel"
import { context, logs, SeverityNumber } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import {
  InMemoryLogRecordExporter,
  LoggerProvider,
  SimpleLogRecordProcessor,
  type ReadableLogRecord,
} from "@opentelemetry/sdk-logs"
import { InMemorySpanExporter, SimpleSpanProcessor, TracerProvider, type ReadableSpan } from "@opentelemetry/sdk-trace"
import * as conventions from "@opentelemetry/semantic-conventions/incubating"
import { ok } from "neverthrow"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"

interface Tables {
  users: { id: number; name: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table users (id int primary key, name text)")),
})
const spanExporter = new InMemorySpanExporter()
const tracers = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter: spanExporter })] })
const tracer = tracers.getTracer("test")
const exporter = new InMemoryLogRecordExporter()
const provider = new LoggerProvider({ processors: [new SimpleLogRecordProcessor({ exporter })] })
const logger = provider.getLogger("test")
let db: Database<Tables>
let stop: () => void

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})

afterAll(async () => {
  context.disable()
  await tracers.shutdown()
  await provider.shutdown()
})

beforeEach(() => {
  db = createDatabase<Tables>({ connection: database.url, name: "events", pool: { min: 0 } })
  stop = () => {}
})

afterEach(async () => {
  stop()
  await db.close()
  spanExporter.reset()
  exporter.reset()
})

function listen(options: OpenTelemetryOptions = {}): void {
  stop = openTelemetry(db, { tracer, logger, metrics: false, ...options })
}

const records = (): readonly ReadableLogRecord[] => exporter.getFinishedLogRecords()
const spanOf = (record: ReadableLogRecord | undefined): ReadableSpan | undefined =>
  spanExporter.getFinishedSpans().find((span) => span.spanContext().spanId === record?.spanContext?.spanId)

/** Ends one of those who sleep. */
const terminateOne = `select pg_terminate_backend(pid) as done from pg_stat_activity
  where datname = current_database() and wait_event = 'PgSleep' limit 1`
const sleepers = `select count(*)::int as n from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'`
const conflict = "do $$ begin raise exception 'hunter2' using errcode = '40001'; end $$"

describe("an event of the logs signal", () => {
  it("is told of each retry, in the trace of its statement, which is no failure", async () => {
    listen()
    const both = [1, 2].map(() =>
      tracer.startActiveSpan("request", async (request) => {
        const result = await db.query("select pg_sleep(0.4)", [], { readOnly: true, name: "sleep" })
        request.end()
        return result.isOk()
      }),
    )
    await expect.poll(() => database.ask(sleepers), { interval: 10 }).toEqual([{ n: 2 }])
    await database.ask(terminateOne)
    expect(await Promise.all(both)).toEqual([true, true])
    const [record, ...others] = records()
    expect(others).toEqual([])
    const { hostname, port, pathname } = new URL(database.url)
    expect(record).toMatchObject({
      eventName: "kysely_resilient.retry",
      severityNumber: SeverityNumber.INFO,
      severityText: "INFO",
      body: expect.stringContaining("57P01") as unknown,
    })
    expect(record?.attributes).toEqual({
      [conventions.ATTR_DB_SYSTEM_NAME]: conventions.DB_SYSTEM_NAME_VALUE_POSTGRESQL,
      [conventions.ATTR_DB_NAMESPACE]: pathname.slice(1),
      [conventions.ATTR_SERVER_ADDRESS]: hostname,
      [conventions.ATTR_SERVER_PORT]: Number(port),
      [conventions.ATTR_DB_CLIENT_CONNECTION_POOL_NAME]: "events",
      [conventions.ATTR_DB_QUERY_SUMMARY]: "SELECT",
      [conventions.ATTR_ERROR_TYPE]: "57P01",
      [conventions.ATTR_DB_RESPONSE_STATUS_CODE]: "57P01",
      "kysely_resilient.label": "sleep",
      "kysely_resilient.retry.what": "statement",
      "kysely_resilient.attempt": 1,
      "kysely_resilient.retry.backoff": expect.any(Number) as unknown,
    })
    // Of the two it is the one that was tried again, and not the span of its caller.
    expect(spanOf(record)?.attributes).toMatchObject({ "kysely_resilient.attempts": 2 })
    expect(spanOf(record)?.events).toEqual([])
  })

  it("is told of what failed in the end, as the conventions say, without a word that quotes a row", async () => {
    listen()
    await db.exec(db.insertInto("users").values({ id: 1, name: "hunter2" }))
    const again = await db.exec(db.insertInto("users").values({ id: 1, name: "hunter2" }))
    expect(again.isErr()).toBe(true)
    const [record, ...others] = records()
    expect(others).toEqual([])
    expect(record).toMatchObject({
      eventName: conventions.EVENT_DB_CLIENT_OPERATION_EXCEPTION,
      severityNumber: SeverityNumber.WARN,
      body: undefined,
    })
    expect(record?.attributes).toMatchObject({
      [conventions.ATTR_EXCEPTION_TYPE]: "unique_violation",
      [conventions.ATTR_EXCEPTION_MESSAGE]: "unique_violation (23505)",
      [conventions.ATTR_ERROR_TYPE]: "23505",
      [conventions.ATTR_DB_QUERY_SUMMARY]: "INSERT users",
      "kysely_resilient.effect": "not_applied",
    })
    expect(JSON.stringify(record?.attributes)).not.toContain("hunter2")
    expect(spanOf(record)?.name).toBe("INSERT users")
  })

  it("is told of a transaction that is run again, and not of the failure that it overcame", async () => {
    listen()
    const done = await db.transaction(
      async (tx) => (tx.attempt === 1 ? (await tx.query(conflict)).map(() => 0) : ok(tx.attempt)),
      { name: "move" },
    )
    expect(done._unsafeUnwrap()).toBe(2)
    expect(records()).toMatchObject([
      {
        eventName: "kysely_resilient.retry",
        attributes: {
          [conventions.ATTR_ERROR_TYPE]: "40001",
          "kysely_resilient.retry.what": "transaction",
          "kysely_resilient.attempt": 1,
          "kysely_resilient.label": "move",
        },
      },
    ])
    expect(JSON.stringify(records().map(({ attributes, body }) => [attributes, body]))).not.toContain("hunter2")
  })

  it("is told once of a transaction that is not run again", async () => {
    listen()
    const failed = await db.transaction(async (tx) => tx.query(conflict), { retry: false })
    expect(failed.isErr()).toBe(true)
    expect(records()).toMatchObject([
      {
        eventName: conventions.EVENT_DB_CLIENT_OPERATION_EXCEPTION,
        attributes: { [conventions.ATTR_EXCEPTION_TYPE]: "serialization_failure" },
      },
    ])
  })

  it("needs no traces: then it is part of its caller's", async () => {
    listen({ traces: false })
    const request = await tracer.startActiveSpan("request", async (span) => {
      await db.query("select broken").mapErr(() => {})
      span.end()
      return span.spanContext().spanId
    })
    expect(records().map(({ spanContext }) => spanContext?.spanId)).toEqual([request])
  })

  it("goes to the global logger, if there is one, and not after the end", async () => {
    stop = openTelemetry(db, { tracer, metrics: false })
    await db.query("select broken").mapErr(() => {})
    expect(records()).toEqual([])
    stop()
    logs.setGlobalLoggerProvider(provider)
    stop = openTelemetry(db, { tracer, metrics: false })
    logs.disable()
    await db.query("select broken").mapErr(() => {})
    expect(records().map(({ instrumentationScope }) => instrumentationScope.name)).toEqual([
      "@kysely-resilient/telemetry",
    ])
    stop()
    await db.query("select broken").mapErr(() => {})
    expect(records()).toHaveLength(1)
  })

  it("is none if none is wanted, and none of another database's", async () => {
    listen({ events: false })
    await db.query("select broken").mapErr(() => {})
    stop()
    listen()
    await using other = createDatabase<Tables>({ connection: database.url })
    await other.query("select broken").mapErr(() => {})
    expect(records()).toEqual([])
  })
})
