import type { DriverEvent, Failure } from "@kysely-resilient/driver"
import { Metrics } from "@kysely-resilient/driver/src/telemetry/metrics.ts"
import { describe, expect, it } from "vitest"

import { FakeClock } from "../../../support/fake-clock.ts"

const unavailable: Failure = {
  kind: "connection_failed",
  blame: "server",
  retry: "statement",
  pace: "slow",
  connection: "discard",
  effect: "not_applied",
  origin: "socket",
  phase: "write",
  message: "the connection was lost",
}

const duplicate: Failure = { ...unavailable, kind: "unique_violation", blame: "statement", retry: "never" }

const statement = { at: 0, queryId: "q", sql: "select 1", access: "read", attempts: 1 } as const
const succeeded = { ...statement, name: "query.succeeded", durationMs: 2 } as const
const failed = {
  ...statement,
  name: "query.failed",
  durationMs: 5,
  failure: duplicate,
  because: "not-transient",
} as const
const retried = { ...statement, name: "query.retried", attempt: 1, delayMs: 3, failure: unavailable } as const
const opened = { at: 0, name: "connection.opened", connectionId: 1, durationMs: 4 } as const

function discarded(reason: Extract<DriverEvent, { name: "connection.discarded" }>["reason"]): DriverEvent {
  return { at: 0, name: "connection.discarded", connectionId: 1, reason }
}

function after(...events: readonly DriverEvent[]): Metrics {
  const metrics = new Metrics(new FakeClock())
  for (const event of events) metrics.observe(event)
  return metrics
}

describe("Metrics", () => {
  it("has seen nothing fail when it has seen nothing", () => {
    expect(after().snapshot()).toEqual({
      total_queries: 0,
      failed_queries: 0,
      reconnections: 0,
      transaction_rollbacks: 0,
      pool_resets: 0,
      success_rate: 1,
      observer_failures: 0,
      resolutions: { applied: 0, applied_locally: 0, not_applied: 0, unresolved: 0, late: 0 },
      window: {
        windowMs: 60_000,
        total_queries: 0,
        failed_queries: 0,
        reconnections: 0,
        transaction_rollbacks: 0,
        pool_resets: 0,
        success_rate: 1,
        retried: 0,
        surfaced: 0,
        durationMs: { p50: 0, p95: 0, p99: 0, max: 0 },
      },
    })
  })

  it("makes 99.8 % of 3 failures in 1523 statements", () => {
    const events = Array.from({ length: 1_523 }, (_, index) =>
      index < 3 ? { ...failed, failure: unavailable } : succeeded,
    )
    const { total_queries, failed_queries, success_rate } = after(...events).snapshot()
    expect([total_queries, failed_queries, (success_rate * 100).toFixed(1)]).toEqual([1_523, 3, "99.8"])
  })

  describe("failed_queries", () => {
    it("counts a statement that a retry saved, once, and no error reaches its caller", () => {
      const { total_queries, failed_queries, window } = after(retried, {
        ...succeeded,
        firstFailure: unavailable,
      }).snapshot()
      expect([total_queries, failed_queries, window.retried, window.surfaced]).toEqual([1, 1, 1, 0])
    })

    it("counts a statement once that failed at every try", () => {
      const end = { ...failed, failure: unavailable, firstFailure: unavailable, attempts: 3 }
      const { failed_queries, window } = after(retried, { ...retried, attempt: 2 }, end).snapshot()
      expect([failed_queries, window.retried, window.surfaced]).toEqual([1, 2, 1])
    })

    it("does not count a caller's own mistake", () => {
      const { total_queries, failed_queries, window } = after(failed).snapshot()
      expect([total_queries, failed_queries, window.surfaced]).toEqual([1, 0, 0])
    })

    it("goes by the first failure, not by the last", () => {
      expect(after({ ...failed, firstFailure: unavailable }).snapshot()).toMatchObject({
        failed_queries: 1,
        window: { surfaced: 0 },
      })
      const conflictThenLoss = { ...failed, failure: unavailable, firstFailure: duplicate }
      expect(after(conflictThenLoss).snapshot()).toMatchObject({ failed_queries: 0, window: { surfaced: 1 } })
    })
  })

  describe("reconnections", () => {
    it("counts an opening for each loss before it, and none more", () => {
      expect(
        after(opened, discarded("died"), discarded("failed"), opened, opened, opened).snapshot().reconnections,
      ).toBe(2)
    })

    it("counts the replacement of one that was abandoned", () => {
      expect(after(discarded("abandoned"), opened).snapshot().reconnections).toBe(1)
    })

    it.each(["not-clean", "idle", "lifetime", "generation", "surplus", "closing"] as const)(
      "does not take a connection that was closed as %s for lost",
      (reason) => expect(after(discarded(reason), opened).snapshot().reconnections).toBe(0),
    )
  })

  it.each([
    ["deadline", 1],
    ["repair", 1],
    ["orphan", 1],
    ["caller", 0],
    ["failed", 0],
  ] as const)("counts a rollback for the reason %s as %i of ours", (reason, count) => {
    const { transaction_rollbacks, window } = after({ at: 0, name: "transaction.rolled-back", reason }).snapshot()
    expect([transaction_rollbacks, window.transaction_rollbacks]).toEqual([count, count])
  })

  it("counts pool resets", () => {
    expect(after({ at: 0, name: "pool.reset", generation: 1 }).snapshot()).toMatchObject({
      pool_resets: 1,
      window: { pool_resets: 1 },
    })
  })

  it("counts observers that fail", () => {
    const metrics = after()
    metrics.observerFailed()
    expect(metrics.snapshot().observer_failures).toBe(1)
  })

  it("forgets in its window what it keeps for its lifetime", async () => {
    const clock = new FakeClock()
    const metrics = new Metrics(clock)
    metrics.observe({ ...failed, failure: unavailable })
    await clock.advance(30_000)
    metrics.observe(succeeded)
    expect(metrics.snapshot().window).toMatchObject({ total_queries: 2, failed_queries: 1, success_rate: 0.5 })
    await clock.advance(30_000)
    expect(metrics.snapshot()).toMatchObject({
      total_queries: 2,
      failed_queries: 1,
      window: { total_queries: 1, failed_queries: 0, success_rate: 1, surfaced: 0, durationMs: { p50: 2, max: 2 } },
    })
    await clock.advance(60_000)
    expect(metrics.snapshot()).toMatchObject({ total_queries: 2, window: { total_queries: 0, durationMs: { max: 0 } } })
  })

  it("answers plain data that nobody can change", () => {
    const snapshot = after(succeeded).snapshot()
    expect(
      Object.isFrozen(snapshot) && Object.isFrozen(snapshot.window) && Object.isFrozen(snapshot.window.durationMs),
    ).toBe(true)
    expect(structuredClone(snapshot)).toEqual(snapshot)
  })

  it("keeps answering what it answered before", () => {
    const metrics = after(succeeded)
    const before = metrics.snapshot()
    metrics.observe(succeeded)
    expect(before.window.total_queries).toBe(1)
  })
})
