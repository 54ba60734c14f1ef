import { createDatabase } from "@kysely-resilient/core"
import { metricsText, registerPrometheus } from "@kysely-resilient/telemetry/prometheus"
import { Registry } from "prom-client"

const db = createDatabase<object>({ name: "main" })
const registry = new Registry()
registerPrometheus(registry, db)

await db.query("select 1")
const scrape = await registry.metrics()
console.log(scrape.includes('kysely_resilient_queries_total{db_client_connection_pool_name="main"} 1'))
console.log(metricsText(db).includes("db_client_connection_count")) // the same without prom-client
await db.close()
