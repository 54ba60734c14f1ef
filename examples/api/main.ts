import { createApp } from "./app.ts"
import { appDatabase } from "./database.ts"
import { serve, stop } from "./serve.ts"

// DATABASE_URL=postgres://… PORT=3000 node examples/api/main.ts, on a database with examples/schema/schema.sql in it.

const db = appDatabase()
const ready = await db.ready({ timeoutMs: 10_000 })
if (ready.isErr()) console.error(`Not ready yet: ${ready.error.message}`) // it goes on trying with every request

const server = serve(createApp(db))
server.listen(Number(process.env["PORT"] ?? 3000), () => console.log("listening on", server.address()))

process.once("SIGTERM", () => {
  void stop(server).then(async () => {
    const closed = await db.close({ drainMs: 1_000 })
    if (closed.isErr()) console.error(closed.error.message)
  })
})
