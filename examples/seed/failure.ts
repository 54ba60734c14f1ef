import { getDatabase } from "@kysely-resilient/core"

const db = getDatabase<object>({ pool: { min: 0 } }) // no second connection that would serve instead

// Simulate failure: the server ends the session that runs this
const ended = await db.query("SELECT pg_terminate_backend(pg_backend_pid())", [], { retry: false })
if (ended.isErr()) console.log(ended.error.kind)

const results = await db.query("SELECT 1 AS one") // Auto-reconnects
if (results.isOk()) console.log(results.value.rows)

console.log(db.report().resilience.metrics)
await db.close()
