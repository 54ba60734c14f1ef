import type { DriverSnapshot } from "@kysely-resilient/driver"
import { describe, expect, it } from "vitest"

import { resilienceReport } from "../../../examples/demo/resilience.ts"
import { identity, noTimes } from "../../support/identity.ts"

type Window = DriverSnapshot["metrics"]["window"]

const calm: Window = {
  windowMs: 60_000,
  total_queries: 100,
  failed_queries: 0,
  reconnections: 0,
  transaction_rollbacks: 0,
  pool_resets: 0,
  success_rate: 1,
  retried: 0,
  surfaced: 0,
  durationMs: { p50: 1, p95: 2, p99: 3, max: 4 },
}

function snapshot(window: Partial<Window> = {}, outageMs?: number): DriverSnapshot {
  return {
    at: 0,
    pool: { min: 2, max: 20, idle: 2, leased: 0, opening: 0, waiting: 0, generation: 0, outageMs },
    resolution: { pending: 0 },
    metrics: {
      total_queries: 1523,
      failed_queries: 3,
      reconnections: 1,
      transaction_rollbacks: 12,
      pool_resets: 0,
      success_rate: 1 - 3 / 1523,
      observer_failures: 0,
      resolutions: { applied: 0, applied_locally: 0, not_applied: 0, unresolved: 0, late: 0 },
      window: { ...calm, ...window },
    },
    circuit: { state: "closed", openMs: undefined },
    retriesLeft: 100,
    database: identity,
    times: noTimes,
  }
}

const none = (count: number) => snapshot({ total_queries: count, failed_queries: count, success_rate: 0 })

describe("resilienceReport", () => {
  it("answers, in calm weather, exactly what operators know", () => {
    expect(resilienceReport(snapshot())).toEqual({
      resilience: {
        status: "healthy",
        status_text: "🟢 Healthy",
        success_rate: "99.8%",
        metrics: {
          total_queries: 1523,
          failed_queries: 3,
          reconnections: 1,
          transaction_rollbacks: 12,
          pool_resets: 0,
        },
        features: [
          "Automatic reconnection on all error types",
          "Connection pooling with health monitoring",
          "Transaction state management",
          "Query retry with exponential backoff",
          "Real-time metrics and alerting",
        ],
        pool_size: 20,
      },
      recommendations: [{ severity: "info", message: "All systems operating normally", action: "No action required" }],
    })
  })

  it.each([
    ["success is below 95 %", { success_rate: 0.949 }, "critical", "94.9%"],
    ["more than 10 connections were replaced", { reconnections: 11 }, "warning", "11 connections"],
    ["more than 20 transactions were rolled back", { transaction_rollbacks: 21 }, "warning", "21 transactions"],
  ] as const)("is degraded and says what to do when %s", (_, window, severity, words) => {
    const { resilience, recommendations } = resilienceReport(snapshot(window))
    expect(resilience.status_text).toBe("🟡 Degraded")
    expect(recommendations).toHaveLength(1)
    expect(recommendations[0]).toMatchObject({ severity })
    expect(recommendations[0]?.message).toContain(words)
  })

  it.each([{ success_rate: 0.95 }, { reconnections: 10 }, { transaction_rollbacks: 20 }])(
    "is healthy right at a threshold: %o",
    (window) => {
      expect(resilienceReport(snapshot(window)).resilience.status).toBe("healthy")
    },
  )

  it("is degraded while nothing can be opened", () => {
    expect(resilienceReport(snapshot({}, 120)).resilience.status).toBe("degraded")
  })

  it("is critical once nothing succeeded in five statements, and not sooner", () => {
    expect(resilienceReport(none(5)).resilience.status).toBe("critical")
    expect(resilienceReport(none(4)).resilience.status).toBe("degraded")
  })
})
