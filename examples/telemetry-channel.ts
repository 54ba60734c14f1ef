import { createDatabase } from "@kysely-resilient/core"
import { channels } from "@kysely-resilient/driver"

const ignore = (): void => {}
channels.query.subscribe({
  start: ignore,
  end: ignore,
  error: ignore,
  asyncStart: ignore,
  asyncEnd: ({ summary, attempts, rowCount, error }) => console.log(summary, attempts, rowCount, error?.kind),
})

const db = createDatabase<object>()
await db.query("select * from accounts")
await db.query("select * from nowhere", [], { retry: false }).mapErr(ignore)
await db.close()
