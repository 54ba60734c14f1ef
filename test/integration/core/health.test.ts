import type { Database } from "@kysely-resilient/core"
import type { DriverEvent } from "@kysely-resilient/driver"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { valueOf } from "../../support/results.ts"
import { testShop, type ShopDB } from "../../support/shop.ts"

const shop = testShop(import.meta.url)
let db: Database<ShopDB>

beforeEach(() => {
  db = shop.open({ alerts: { callback: (alert) => alerts.push(alert.code) }, health: { recoverAfterMs: 100 } })
})
afterEach(async () => {
  alerts.length = 0
  valueOf(await db.close())
})

const alerts: string[] = []

/** Ends every connection of this database but the one that asks. */
const terminate = () =>
  shop.database.ask(
    "select pg_terminate_backend(pid) from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid()",
  )

describe("db.report", () => {
  it("is what the system was asked for, word for word, while all is well", async () => {
    valueOf(await db.query("select 1"))
    const { resilience, recommendations, ...more } = db.report()
    expect({ resilience, recommendations }).toEqual({
      resilience: {
        status: "healthy",
        status_text: "🟢 Healthy",
        success_rate: "100.0%",
        metrics: { total_queries: 1, failed_queries: 0, reconnections: 0, transaction_rollbacks: 0, pool_resets: 0 },
        features: [
          "Automatic reconnection on all error types",
          "Connection pooling with health monitoring",
          "Transaction state management",
          "Query retry with exponential backoff",
          "Real-time metrics and alerting",
        ],
        pool_size: 4,
      },
      recommendations: [{ severity: "info", message: "All systems operating normally", action: "No action required" }],
    })
    expect(more).toMatchObject({
      schema_version: 1,
      reasons: [],
      pool: { min: 0, max: 4, idle: 1, used: 0, waiting: 0, outage_s: null },
      window: { seconds: 60, total_queries: 1, success_ratio: 1 },
      circuit: { state: "closed", open_s: null },
      retry_after_s: null,
    })
    const report = db.report()
    expect(JSON.parse(JSON.stringify(report))).toEqual(report)
  })

  it("counts what the driver counts, and says why it is degraded", async () => {
    for (let time = 0; time < 12; time += 1) {
      await terminate()
      valueOf(await db.query("select 1"))
    }
    const report = db.report()
    const { metrics } = db.snapshot()
    expect(report.resilience.metrics.reconnections).toBe(metrics.reconnections)
    expect(metrics.reconnections).toBeGreaterThan(10)
    expect(report.resilience.status).toBe("degraded")
    expect(report.reasons.map(({ code }) => code)).toContain("MANY_RECONNECTIONS")
    expect(db.health()).toMatchObject({ status: "degraded" })
    expect(alerts).toContain("STATUS_DEGRADED")
    expect(alerts.filter((code) => code === "MANY_RECONNECTIONS")).toHaveLength(1)
  })
})

describe("db.observe", () => {
  it("tells every listener everything, until it has heard enough", async () => {
    const [one, other]: DriverEvent["name"][][] = [[], []]
    const leave = db.observe((event) => one?.push(event.name))
    db.observe((event) => {
      other?.push(event.name)
      throw new Error("not heard")
    })
    valueOf(await db.query("select 1"))
    leave()
    leave()
    valueOf(await db.query("select 1"))
    expect(one).toEqual(["connection.opened", "query.succeeded"])
    expect(other).toEqual(["connection.opened", "query.succeeded", "query.succeeded"])
  })
})
