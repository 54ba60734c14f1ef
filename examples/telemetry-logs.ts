import { createDatabase } from "@kysely-resilient/core"
import { logEvents } from "@kysely-resilient/telemetry/pino"
import { pino } from "pino"

const db = createDatabase<object>({ name: "main" })
logEvents(db, pino(), { slowMs: 5_000 }) // console has the same four methods, and will do

await db.query("select 1")
await db.close()
