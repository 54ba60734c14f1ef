import { getDatabase } from "@kysely-resilient/core"

const db = getDatabase<object>()
const results = await db.query("SELECT * FROM live_signals WHERE timestamp > $1", [new Date(Date.now() - 3_600_000)])

if (results.isOk()) console.log(results.value.rows.length, "signals in the last hour")
else console.log("That failed:", results.error.message)
await db.close()
