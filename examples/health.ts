import { createDatabase } from "@kysely-resilient/core"

const db = createDatabase<object>({
  health: { reconnectionsMax: 5 }, // the others stay as they are: successRateMin 0.95, rollbacksMax 20, …
  alerts: {
    callback: (alert) => console.log(alert.severity, alert.code, alert.message),
    // logger: pino(), webhook: { url: "https://…", cooldownMs: 300_000 }
  },
})

await db.query("select 1")

const { status, reasons } = db.health()
console.log(status, reasons.length, "reasons")
console.log(db.report().resilience.status_text, "of", db.report().pool.max, "connections at most")

await db.close()
