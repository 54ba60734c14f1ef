import { runPlan } from "@kysely-resilient/driver/src/execution/pipeline.ts"
import { runAlone } from "@kysely-resilient/driver/src/execution/alone.ts"
import type { DoorOptions } from "@kysely-resilient/driver/src/execution/plan-statement.ts"
import { beginPlan } from "@kysely-resilient/driver/src/execution/transaction.ts"
import type { CompiledQuery } from "kysely"
import { beforeEach, describe, expect, it } from "vitest"

import {
  fatal,
  Fixture,
  hiddenWrite,
  maybeRead,
  pg,
  provedRead,
  QUICK_MS,
  raw,
  SLOW_MS,
  unreachable,
  Watched,
  write,
} from "./fixture.ts"

let fixture: Fixture

beforeEach(() => {
  fixture = new Fixture()
})

const alone = (query: CompiledQuery, options: DoorOptions = {}) =>
  runAlone(fixture.machine, [query], options, (exchange) => exchange)
const settle = (query: CompiledQuery, options: DoorOptions = {}) => fixture.settle(alone(query, options))
const countOf = (sql: string): number => fixture.server.texts().filter((text) => text === sql).length

/** Whatever happens: the connection is back, nobody waits, and no timer is left that keeps the process alive. */
function expectCalm(): void {
  expect(fixture.pool.stats()).toMatchObject({ leased: 0, waiting: 0 })
  expect(fixture.clock.timers.foreground).toBe(0)
}

describe("a read that loses its connection", () => {
  it("is read again on another one, as soon as one could be opened, after a wait that holds none", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    const reading = new Watched(alone(provedRead, { label: "users" }))
    await fixture.clock.advance(QUICK_MS / 2 - 1)
    expect(reading.settled).toBe(false)
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, waiting: 0 })
    await fixture.clock.advance(1)
    expect(reading.value).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.server.heard.map(({ connection }) => connection)).toEqual([1, 2])

    const about = { queryId: provedRead.queryId.queryId, sql: provedRead.sql, label: "users" }
    const failure = expect.objectContaining({ kind: "connection_failed", effect: "not_applied", retry: "statement" })
    expect(fixture.told("query.retried")).toEqual([
      { name: "query.retried", at: expect.any(Number), attempt: 1, delayMs: SLOW_MS / 2, failure, ...about },
    ])
    expect(fixture.told("query.succeeded")).toEqual([
      {
        name: "query.succeeded",
        at: expect.any(Number),
        durationMs: QUICK_MS / 2,
        attempts: 2,
        access: "read",
        firstFailure: failure,
        ...about,
      },
    ])
    expect(fixture.told("query.failed")).toEqual([])
    expectCalm()
  })

  it("waits while none can be opened, and not a moment longer", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    await fixture.settle(alone(write), 1)
    for (let n = 0; n < 11; n += 1) fixture.connections.failures.push(unreachable)
    const reading = new Watched(alone(provedRead))
    await fixture.clock.advance(QUICK_MS * 11 - 1)
    expect(reading.settled).toBe(false)
    expect(fixture.pool.stats()).toMatchObject({ leased: 0, idle: 0, waiting: 0 })
    await fixture.clock.advance(1)
    expect(reading.value).toMatchObject({ ok: true, attempts: 2 })
    expectCalm()
  })

  it("joins the line when the longest wait is over and none could be opened", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    await fixture.settle(alone(write), 1)
    for (let n = 0; n < 1_000; n += 1) fixture.connections.failures.push(unreachable)
    const reading = new Watched(alone(provedRead))
    await fixture.clock.advance(SLOW_MS / 2)
    expect(fixture.pool.stats()).toMatchObject({ waiting: 1 })
    fixture.connections.failures.length = 0
    await fixture.clock.advance(QUICK_MS)
    expect(reading.value).toMatchObject({ ok: true, attempts: 2 })
  })

  it("waits its full time where being reachable says nothing: the server lacks memory, or is a standby", async () => {
    for (const [code, kind] of [
      ["53200", "resource_exhausted"],
      ["25006", "read_only_transaction"],
    ] as const) {
      fixture = new Fixture()
      fixture.server.when(write.sql, { error: pg(code) }, 1)
      const writing = new Watched(alone(write))
      await fixture.clock.advance(SLOW_MS / 2 - 1)
      expect(writing.settled).toBe(false)
      await fixture.clock.advance(1)
      expect(writing.value).toMatchObject({ ok: true, attempts: 2 })
      expect(fixture.told("query.retried")).toMatchObject([{ failure: { kind } }])
    }
  })

  it("is given up after attemptsMax tries, waiting longer before each, and says what the first and the last failed with", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" }, 1)
    fixture.server.when(provedRead.sql, { dies: "before", lastWords: fatal("57P01") })
    const lost = { phase: "read", effect: "not_applied" }
    expect(await settle(provedRead)).toMatchObject({
      ok: false,
      attempts: 3,
      because: "attempts-spent",
      failure: { kind: "server_shutdown" },
      journal: [
        { ...lost, kind: "connection_failed", tookMs: 0, connectionId: 1, waitedMs: QUICK_MS / 2 },
        { ...lost, kind: "server_shutdown", sqlState: "57P01", tookMs: 0, connectionId: 2, waitedMs: QUICK_MS },
        { ...lost, kind: "server_shutdown", sqlState: "57P01", tookMs: 0, connectionId: 3 },
      ],
    })
    expect(fixture.told("query.retried").map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, SLOW_MS / 2],
      [2, SLOW_MS],
    ])
    expect(fixture.told("query.failed")).toMatchObject([
      {
        attempts: 3,
        because: "attempts-spent",
        access: "read",
        durationMs: 1.5 * QUICK_MS,
        failure: { kind: "server_shutdown" },
        firstFailure: { kind: "connection_failed" },
      },
    ])
    expectCalm()
  })

  it("is not read again when its caller, or the driver, has switched that off", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    expect(await settle(provedRead, { retry: false })).toMatchObject({
      ok: false,
      attempts: 1,
      because: "switched-off",
    })
    fixture = new Fixture({ retry: false })
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    expect(await settle(provedRead)).toMatchObject({ ok: false, attempts: 1, because: "switched-off" })
  })

  it("is not read again when the retries that all share are spent, until something has succeeded", async () => {
    fixture = new Fixture({}, "rollback", { ratio: 1, burst: 1 })
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    expect(await settle(provedRead)).toMatchObject({ ok: false, attempts: 2, because: "budget-spent" })
    expect(await settle(provedRead)).toMatchObject({ ok: false, attempts: 1, because: "budget-spent" })
    await settle(write)
    expect(await settle(provedRead)).toMatchObject({ ok: false, attempts: 2, because: "budget-spent" })
  })

  it("is read as often as its caller says", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    expect(await settle(provedRead, { retry: { attemptsMax: 5 } })).toMatchObject({
      attempts: 5,
      because: "attempts-spent",
    })
    expect(countOf(provedRead.sql)).toBe(5)
  })

  it("is not read again when the deadline comes while none can be opened, and tells what it waited for", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    await fixture.settle(alone(write), 1)
    for (let n = 0; n < 1_000; n += 1) fixture.connections.failures.push(unreachable)
    const startedAt = fixture.clock.now()
    expect(await settle(provedRead, { timeoutMs: SLOW_MS / 4 })).toMatchObject({
      ok: false,
      attempts: 1,
      because: "deadline-near",
      failure: { kind: "connection_failed", phase: "read" },
    })
    expect(fixture.clock.now()).toBe(startedAt + SLOW_MS / 4)
    expectCalm()
  })

  it("is not read again when even the shortest wait would outlast its deadline", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    const startedAt = fixture.clock.now()
    expect(await settle(provedRead, { timeoutMs: QUICK_MS / 2 })).toMatchObject({
      ok: false,
      attempts: 1,
      because: "deadline-near",
      failure: { kind: "connection_failed" },
    })
    expect(fixture.clock.now()).toBe(startedAt)
  })

  it("is given up at once when its caller goes away during the back-off", async () => {
    fixture.server.when(provedRead.sql, { dies: "unanswered" })
    const controller = new AbortController()
    const reading = new Watched(alone(provedRead, { signal: controller.signal }))
    await fixture.clock.advance(QUICK_MS / 2 - 1)
    const reason = new Error("closed the tab")
    controller.abort(reason)
    await fixture.clock.settle()
    expect(reading.value).toMatchObject({
      ok: false,
      attempts: 1,
      because: "not-transient",
      failure: { kind: "aborted", effect: "not_applied", cause: reason },
    })
    expect(countOf(provedRead.sql)).toBe(1)
    expectCalm()
  })

  it("is not begun when its caller has gone away before", async () => {
    const controller = new AbortController()
    controller.abort()
    expect(await settle(provedRead, { signal: controller.signal })).toMatchObject({
      ok: false,
      failure: { kind: "aborted", effect: "not_applied" },
    })
    expect(fixture.server.sessions).toEqual([])
  })

  it("is not sent when its caller goes away as it gets its connection", async () => {
    const controller = new AbortController()
    const reading = alone(provedRead, { signal: controller.signal })
    // The opening has succeeded, and whoever waits for it is told next.
    await Promise.resolve()
    while (fixture.pool.stats().leased === 0) await Promise.resolve()
    controller.abort(new Error("too late"))
    expect(await fixture.settle(reading)).toMatchObject({
      ok: false,
      failure: { kind: "aborted", effect: "not_applied" },
    })
    expect(countOf(provedRead.sql)).toBe(0)
    expectCalm()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })
})

describe("a write", () => {
  it("whose answer is lost is not repeated: nobody knows whether it was applied", async () => {
    fixture.server.when(write.sql, { dies: "unanswered" }, 1)
    expect(await settle(write)).toMatchObject({
      ok: false,
      attempts: 1,
      because: "effect-unknown",
      // Whoever acts on `retry` alone must not do it twice.
      failure: { effect: "unknown", retry: "never" },
    })
    expect(fixture.server.applied).toEqual([write.sql])
    expect(fixture.told("query.failed")).toMatchObject([
      { access: "write", because: "effect-unknown", attempts: 1, failure: { retry: "never" } },
    ])
    expectCalm()
  })

  it("is repeated after that when its caller vouches that it does no harm", async () => {
    fixture.server.when(write.sql, { dies: "unanswered" }, 1)
    expect(await settle(write, { idempotent: true })).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.server.applied).toEqual([write.sql, write.sql])
  })

  it("is repeated when the server said that it was not applied", async () => {
    fixture.server.when(write.sql, { dies: "before", lastWords: fatal("57P01") }, 1)
    expect(await settle(write)).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.server.applied).toEqual([write.sql])
  })

  it("that met a conflict is repeated soon, on a connection that was kept", async () => {
    fixture.server.when(write.sql, { error: pg("40001") }, 2)
    const startedAt = fixture.clock.now()
    expect(await settle(write)).toMatchObject({ ok: true, attempts: 3 })
    expect(fixture.clock.now() - startedAt).toBe(Math.ceil(1.5 * QUICK_MS))
    expect(fixture.server.sessions).toHaveLength(1)
    expect(fixture.server.applied).toEqual([write.sql])
  })

  it("that is wrong is not repeated", async () => {
    fixture.server.when(write.sql, { error: pg("23505") })
    expect(await settle(write)).toMatchObject({ ok: false, attempts: 1, because: "not-transient" })
    expect(fixture.told("query.failed")).toHaveLength(1)
    expect(fixture.told("query.retried")).toEqual([])
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("that may commit by itself is never repeated, whatever the error and whatever its caller says", async () => {
    fixture.server.when("call p()", { error: pg("40001") })
    expect(await settle(raw("call p()"), { idempotent: true })).toMatchObject({
      ok: false,
      attempts: 1,
      failure: { effect: "unknown", retry: "never" },
    })
    expect(countOf("call p()")).toBe(1)
  })

  it("that is committed here, and not confirmed by the standby, is a failure with what it computed", async () => {
    fixture.server.when(write.sql, { rows: [{ id: "7" }], notice: { routine: "SyncRepWaitForLSN", code: "01000" } })
    const settled = await settle(write)
    expect(settled).toMatchObject({
      ok: false,
      because: "not-transient",
      failure: { kind: "replication_unconfirmed", effect: "applied_locally" },
    })
    expect(!settled.ok && settled.value?.replies[0]?.rows).toEqual([{ id: "7" }])
    expect(countOf(write.sql)).toBe(1)
  })

  it("keeps what it computed to itself when it fails in any other way", async () => {
    fixture.server.when(write.sql, { error: pg("23505") })
    expect(await settle(write)).not.toHaveProperty("value")
  })
})

describe("a wait for a connection", () => {
  it("is no try: an outage that ends costs none", async () => {
    fixture.connections.failures.push(unreachable, unreachable, unreachable, unreachable)
    expect(await settle(write)).toMatchObject({ ok: true, attempts: 1 })
    expect(fixture.told("query.retried")).toEqual([])
    expect(fixture.told("query.succeeded")[0]).not.toHaveProperty("firstFailure")
  })

  it("ends with the outage's patience, and is not begun again", async () => {
    fixture.connections.failures.push(...Array.from({ length: 10_000 }, () => unreachable))
    expect(await settle(provedRead)).toMatchObject({
      ok: false,
      because: "attempts-spent",
      failure: { effect: "not_applied" },
    })
    expect(fixture.server.sessions).toEqual([])
  })
})

describe("a text that looked like a read", () => {
  const flight = ["begin read only", maybeRead.sql, "commit"]

  it("travels with BEGIN READ ONLY and COMMIT, and is a read", async () => {
    fixture.server.when(maybeRead.sql, { rows: [{ note: "a" }] })
    const settled = await settle(maybeRead)
    expect(settled).toMatchObject({ ok: true, attempts: 1 })
    expect(settled.ok && settled.value.replies).toHaveLength(1)
    expect(fixture.server.texts()).toEqual(flight)
    expect(fixture.told("query.succeeded")).toMatchObject([{ access: "read" }])
  })

  it("is read again when its connection is lost", async () => {
    fixture.server.when(maybeRead.sql, { dies: "unanswered" }, 1)
    expect(await settle(maybeRead)).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.server.texts()).toEqual([...flight, ...flight])
  })

  it("is run as a write, once, when the server says that it is one, and from then on at once", async () => {
    expect(await settle(hiddenWrite)).toMatchObject({ ok: true, attempts: 1 })
    expect(fixture.server.texts()).toEqual(["begin read only", hiddenWrite.sql, "rollback", hiddenWrite.sql])
    expect(fixture.server.applied).toEqual([hiddenWrite.sql])
    expect(fixture.told("query.succeeded")).toMatchObject([{ access: "write", attempts: 1 }])
    expect(fixture.told("query.retried")).toEqual([])
    expect(await settle(hiddenWrite)).toMatchObject({ ok: true })
    expect(fixture.server.texts().slice(4)).toEqual([hiddenWrite.sql])
    expectCalm()
  })

  it("is not repeated as a write after its answer was lost", async () => {
    fixture.server.when(hiddenWrite.sql, {}, 1)
    fixture.server.when(hiddenWrite.sql, { dies: "unanswered" })
    expect(await settle(hiddenWrite)).toMatchObject({
      ok: false,
      because: "effect-unknown",
      failure: { effect: "unknown" },
    })
    expect(fixture.server.applied).toEqual([hiddenWrite.sql])
  })

  it("that no server will write, such as a standby, fails after its tries and does not go on for ever", async () => {
    fixture.server.when(hiddenWrite.sql, { error: pg("25006") })
    expect(await settle(hiddenWrite)).toMatchObject({
      ok: false,
      attempts: 3,
      because: "attempts-spent",
      failure: { kind: "read_only_transaction" },
    })
    expect(countOf(hiddenWrite.sql)).toBe(1 + 3)
    expect(countOf("begin read only")).toBe(1)
  })

  it("that its caller has vouched for is a read, or fails", async () => {
    expect(await settle(hiddenWrite, { readOnly: true })).toMatchObject({
      ok: false,
      attempts: 1,
      because: "not-transient",
      failure: { kind: "read_only_transaction", effect: "not_applied" },
    })
    expect(fixture.machine.knownWrites.has(hiddenWrite.sql)).toBe(false)
    expect(fixture.server.applied).toEqual([])
    await fixture.clock.settle()
    expectCalm()
  })

  it("gives its connection back when what it began is rolled back; its caller need not wait for that", async () => {
    fixture.server.when(maybeRead.sql, { error: pg("22012") })
    fixture.server.when("rollback", { hangs: true })
    expect(await settle(maybeRead)).toMatchObject({ ok: false, failure: { sqlState: "22012", effect: "not_applied" } })
    expect(fixture.pool.stats().leased).toBe(1)
    fixture.server.session(1).resume()
    await fixture.clock.settle()
    expectCalm()
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "keep", reason: undefined }])
  })

  it("loses its connection when that rollback is not answered", async () => {
    fixture.server.when(maybeRead.sql, { error: pg("22012") })
    fixture.server.when("rollback", { hangs: true })
    await settle(maybeRead)
    await fixture.clock.advance(1_000)
    expect(fixture.pool.returns).toEqual([{ connection: 1, fate: "discard", reason: "died" }])
    expectCalm()
  })
})

describe("what is ours and not a caller's", () => {
  it("is told of when it is tried again, and in nothing that counts statements", async () => {
    fixture.server.when("begin", { dies: "unanswered" }, 1)
    const lease = fixture.lease()
    const settled = await fixture.settle(
      runPlan(fixture.machine, lease, beginPlan(fixture.machine, { label: "transfer" }, new AbortController().signal)),
    )
    expect(settled).toMatchObject({ ok: true, attempts: 2 })
    expect(fixture.told("query.retried")).toMatchObject([{ sql: "begin", label: "transfer", queryId: "" }])
    expect([...fixture.told("query.succeeded"), ...fixture.told("query.failed")]).toEqual([])
  })
})
