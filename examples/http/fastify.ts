import { respond } from "@kysely-resilient/http"
import { resilience } from "@kysely-resilient/http/fastify"
import Fastify from "fastify"

import { accounts, db } from "./database.ts"

const app = Fastify()
await app.register(resilience, { db, token: process.env.DATABASE_PAGE_TOKEN, requests: { timeoutMs: 5_000 } })
app.get("/accounts", () => respond(accounts()))

await app.listen({ port: Number(process.env.PORT ?? 3000) })
console.log("listening", app.server.address())

process.once("SIGTERM", () => {
  void app.close().then(() => db.close({ drainMs: 5_000 }).unwrapOr(undefined))
})
