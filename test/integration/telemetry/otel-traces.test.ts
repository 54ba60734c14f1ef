import { createDatabase, type Database } from "@kysely-resilient/core"
import { openTelemetry, traceparent, type OpenTelemetryOptions } from "@kysely-resilient/telemetry/otel"
import { context, SpanKind, SpanStatusCode, trace } from "@opentelemetry/api"
import { AsyncLocalStorageContextManager } from "@opentelemetry/context-async-hooks"
import { TracerProvider, InMemorySpanExporter, SimpleSpanProcessor, type ReadableSpan } from "@opentelemetry/sdk-trace"
import * as conventions from "@opentelemetry/semantic-conventions/incubating"
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { errorOf } from "../../support/results.ts"

interface Tables {
  users: { id: number; name: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => void (await client.query("create table users (id int primary key, name text)")),
})
const exporter = new InMemorySpanExporter()
const provider = new TracerProvider({ spanProcessors: [new SimpleSpanProcessor({ exporter })] })
const tracer = provider.getTracer("test")
let db: Database<Tables>
let stop: () => void

beforeAll(() => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable())
})

afterAll(async () => {
  context.disable()
  await provider.shutdown()
})

beforeEach(() => listen({}))

afterEach(async () => {
  stop()
  await db.close()
  exporter.reset()
})

function listen(options: OpenTelemetryOptions): void {
  db = createDatabase<Tables>({ connection: database.url })
  stop = openTelemetry(db, { tracer, metrics: false, ...options })
}

/** Ends whoever sleeps. */
const terminate =
  "select pg_terminate_backend(pid) as done from pg_stat_activity where datname = current_database() and wait_event = 'PgSleep'"
const users = () => db.selectFrom("users").select("id").where("name", "=", "hunter2")
const spans = (): readonly ReadableSpan[] => exporter.getFinishedSpans()
const one = (): ReadableSpan => {
  const [span, ...others] = spans()
  expect(others).toEqual([])
  if (span === undefined) throw new Error("there is no span")
  return span
}

describe("traceparent", () => {
  it("is the active span, for a statement's comment, and nothing where there is none or it is not sampled", async () => {
    expect(traceparent()).toBeUndefined()
    const unsampled = { traceId: "0".repeat(31) + "1", spanId: "0".repeat(15) + "1", traceFlags: 0 }
    expect(context.with(trace.setSpanContext(context.active(), unsampled), traceparent)).toBeUndefined()
    const tags = () => ({ traceparent: traceparent() })
    const told = createDatabase<Tables>({ connection: database.url, sqlComments: { tags } })
    const answer = await tracer.startActiveSpan("request", async (span) => {
      const result = await told.query<{ sent: string }>("select current_query() as sent")
      span.end()
      return { sent: result._unsafeUnwrap().rows[0]?.sent, span: span.spanContext() }
    })
    await told.close()
    const { traceId, spanId } = answer.span
    expect(answer.sent).toMatch(new RegExp(`,traceparent='00-${traceId}-${spanId}-01'\\*/$`))
  })
})

describe("the span of a statement", () => {
  it("is what the conventions say", async () => {
    await db.all(users(), { name: "find users" })
    const { name, kind, attributes, status } = one()
    const { hostname, port, pathname } = new URL(database.url)
    expect({ name, kind, status }).toEqual({
      name: "SELECT users",
      kind: SpanKind.CLIENT,
      status: { code: SpanStatusCode.UNSET },
    })
    expect(attributes).toEqual({
      [conventions.ATTR_DB_SYSTEM_NAME]: conventions.DB_SYSTEM_NAME_VALUE_POSTGRESQL,
      [conventions.ATTR_DB_NAMESPACE]: pathname.slice(1),
      [conventions.ATTR_DB_QUERY_SUMMARY]: "SELECT users",
      [conventions.ATTR_DB_QUERY_TEXT]: 'select "id" from "users" where "name" = $1',
      [conventions.ATTR_SERVER_ADDRESS]: hostname,
      [conventions.ATTR_SERVER_PORT]: Number(port),
      "kysely_resilient.label": "find users",
    })
  })

  it("says what failed and how, and nothing of a row", async () => {
    await db.exec(db.insertInto("users").values({ id: 1, name: "hunter2" }))
    exporter.reset()
    errorOf(await db.exec(db.insertInto("users").values({ id: 1, name: "hunter2" })))
    const { attributes, status, events } = one()
    expect(attributes).toMatchObject({
      [conventions.ATTR_ERROR_TYPE]: "23505",
      [conventions.ATTR_DB_RESPONSE_STATUS_CODE]: "23505",
      "kysely_resilient.effect": "not_applied",
    })
    expect(status).toEqual({ code: SpanStatusCode.ERROR, message: "unique_violation (23505)" })
    expect(events).toEqual([])
    expect(JSON.stringify(attributes)).not.toContain("hunter2")
  })

  it("has error.type without an SQLSTATE where no server said one", async () => {
    errorOf(await db.all(users(), { signal: AbortSignal.abort() }))
    expect(one().attributes[conventions.ATTR_ERROR_TYPE]).toBe("aborted")
    expect(one().attributes).not.toHaveProperty(conventions.ATTR_DB_RESPONSE_STATUS_CODE)
  })

  it("is one, whatever the retries inside, and no error if one of them succeeds", async () => {
    const slow = db.query("select pg_sleep(0.3)", [], { readOnly: true })
    await expect.poll(() => database.ask(terminate), { interval: 20 }).toEqual([{ done: true }])
    expect((await slow).isOk()).toBe(true)
    const { attributes, status } = one()
    expect(attributes).toMatchObject({ "kysely_resilient.attempts": 2 })
    expect(attributes).not.toHaveProperty(conventions.ATTR_ERROR_TYPE)
    expect(status.code).toBe(SpanStatusCode.UNSET)
  })

  it("shows no value that somebody wrote into a text without parameters", async () => {
    await db.query("select id from users where name = 'hunter2' and id > 42 /* for hunter2 */")
    expect(one().attributes[conventions.ATTR_DB_QUERY_TEXT]).toBe("select id from users where name = ? and id > ? ")
    expect(JSON.stringify(one().attributes)).not.toContain("hunter2")
  })

  it("is one though telemetry was begun twice, and goes on when the first that began ends", async () => {
    const again = openTelemetry(db, { tracer, metrics: false })
    await db.query("select 1")
    expect(spans()).toHaveLength(1)
    stop()
    await db.query("select 1")
    expect(spans()).toHaveLength(2)
    again()
    await db.query("select 1")
    expect(spans()).toHaveLength(2)
  })

  it("can do without the text", async () => {
    stop()
    await db.close()
    listen({ queryText: false })
    await db.all(users())
    expect(one().attributes).not.toHaveProperty(conventions.ATTR_DB_QUERY_TEXT)
  })

  it("is none after the end, and none of another database's", async () => {
    await using other = createDatabase<Tables>({ connection: database.url })
    await other.query("select 1")
    stop()
    await db.all(users())
    expect(spans()).toEqual([])
  })
})

describe("parents", () => {
  const parentOf = (span: ReadableSpan | undefined): string | undefined => span?.parentSpanContext?.spanId

  it("a statement's is the span that was active when it was called", async () => {
    await tracer.startActiveSpan("request", async (request) => {
      await Promise.all([
        db.all(users()),
        db.kysely.selectFrom("users").select("id").execute(),
        db.batch({ all: users() }),
      ])
      request.end()
    })
    const [request] = spans().filter(({ name }) => name === "request")
    const queries = spans().filter(({ name }) => name !== "request")
    expect(queries).toHaveLength(3)
    for (const query of queries) expect(parentOf(query)).toBe(request?.spanContext().spanId)
  })

  it("a statement in a transaction is the transaction's child, which is its caller's", async () => {
    await tracer.startActiveSpan("request", async (request) => {
      await db.transaction((tx) => tx.all(tx.selectFrom("users").select("id")), { name: "look" })
      request.end()
    })
    const [query, transaction, request] = spans()
    expect([query?.name, transaction?.name, request?.name]).toEqual(["SELECT users", "look", "request"])
    expect(parentOf(query)).toBe(transaction?.spanContext().spanId)
    expect(parentOf(transaction)).toBe(request?.spanContext().spanId)
    expect(transaction?.attributes).toMatchObject({ "kysely_resilient.transaction.outcome": "committed" })
    expect(transaction?.kind).toBe(SpanKind.INTERNAL)
  })

  it("a span of the callback's own comes between them", async () => {
    await db.transaction((tx) =>
      tracer.startActiveSpan("step", async (step) => {
        const found = await tx.all(tx.selectFrom("users").select("id"))
        step.end()
        return found
      }),
    )
    const [query, step] = spans()
    expect(parentOf(query)).toBe(step?.spanContext().spanId)
  })

  it("a transaction that failed says so", async () => {
    errorOf(await db.transaction((tx) => tx.query("select broken")))
    const transaction = spans().find(({ name }) => name === "transaction")
    expect(transaction?.status.code).toBe(SpanStatusCode.ERROR)
    expect(transaction?.attributes).toMatchObject({
      "kysely_resilient.transaction.outcome": "rolled-back",
      [conventions.ATTR_ERROR_TYPE]: "42703",
    })
  })

  it("uses the global tracer if it is given none", async () => {
    trace.setGlobalTracerProvider(provider)
    stop()
    stop = openTelemetry(db, { metrics: false })
    await db.all(users())
    trace.disable()
    expect(one().instrumentationScope.name).toBe("@kysely-resilient/telemetry")
  })
})
