import { createDatabase } from "@kysely-resilient/core"
import { openTelemetry } from "@kysely-resilient/telemetry/otel"

const db = createDatabase<object>({ name: "main" }) // the pool's name in metrics
const stop = openTelemetry(db) // the SDK is whichever you have started

await db.query("select 1", [], { name: "ping" })
stop()
await db.close()
