import { serve } from "@hono/node-server"
import { respond } from "@kysely-resilient/http"
import { resilience } from "@kysely-resilient/http/hono"
import { Hono } from "hono"

import { accounts, db } from "./database.ts"

const app = new Hono()
app.use(resilience(db, { token: process.env.DATABASE_PAGE_TOKEN, requests: { timeoutMs: 5_000 } })) // first of all
app.get("/accounts", () => respond(accounts()))

const server = serve({ fetch: app.fetch, port: Number(process.env.PORT ?? 3000) }, (address) =>
  console.log("listening", address),
)

process.once("SIGTERM", () => {
  server.close()
  void db.close({ drainMs: 5_000 }).unwrapOr(undefined)
})
