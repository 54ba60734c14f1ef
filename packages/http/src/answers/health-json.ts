import type { ResilienceReport } from "@kysely-resilient/core"

const STATUS = { healthy: "pass", degraded: "warn", critical: "fail" } as const

/** The status alone, as whoever may know no more is told. */
export function healthStatus(report: ResilienceReport): { readonly status: "pass" | "warn" | "fail" } {
  return { status: STATUS[report.resilience.status] }
}

/** The report as `application/health+json` (draft-inadarei-api-health-check-06). */
export function healthJson(report: ResilienceReport): object {
  const { pool, window, circuit } = report
  const status = STATUS[report.resilience.status]
  const time = report.checked_at
  const check = (observedValue: number, observedUnit: string, own: "pass" | "warn" | "fail" = "pass"): object[] => [
    { componentType: "datastore", observedValue, observedUnit, status: own, time },
  ]
  const reached = pool.outage_s === null ? "pass" : "fail"
  return {
    status,
    version: String(report.schema_version),
    description: "The database, as this process sees it",
    ...(report.reasons.length > 0 && { output: report.reasons.map(({ message }) => message).join("; ") }),
    notes: report.recommendations.map(({ message, action }) => `${message}: ${action}`),
    checks: {
      "database:connections": check(pool.used + pool.idle, "connections", reached),
      "database:utilization": check(round((pool.used / pool.max) * 100), "percent"),
      "database:responseTime": check(round(window.p95_s * 1_000), "ms"),
      "database:successRate": check(round(window.success_ratio * 100), "percent", status),
      "database:circuit": [
        {
          componentType: "datastore",
          observedValue: circuit.state,
          status: circuit.state === "closed" ? "pass" : circuit.state === "open" ? "fail" : "warn",
          time,
        },
      ],
      uptime: [{ componentType: "system", observedValue: report.uptime_s, observedUnit: "s", status: "pass", time }],
    },
  }
}

function round(value: number): number {
  return Math.round(value * 100) / 100
}
