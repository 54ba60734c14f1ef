import { createServer } from "node:http"
import { once } from "node:events"

import { fetchListener } from "@kysely-resilient/http/node"

import { createApp } from "./app.ts"
import { appDatabase } from "./database.ts"

// DATABASE_URL=postgres://… PORT=3000 node examples/api/main.ts, on a database with examples/schema/schema.sql in it.

const db = appDatabase()

// What operators ask is answered before the API; a client that goes away ends its statements on the server.
const server = createServer(
  fetchListener(db, createApp(db), { token: process.env["DATABASE_PAGE_TOKEN"], requests: { timeoutMs: 10_000 } }),
)
server.listen(Number(process.env["PORT"] ?? 3000), () => console.log("listening on", server.address()))

process.once("SIGTERM", () => {
  // Refuses new requests, and waits for those that are being answered.
  server.close()
  void once(server, "close").then(async () => {
    const closed = await db.close({ drainMs: 1_000 })
    if (closed.isErr()) console.error(closed.error.message)
  })
})
