import { reply, resilience } from "@kysely-resilient/http/express"
import express from "express"

import { accounts, db } from "./database.ts"

const app = express()
app.use(resilience(db, { token: process.env.DATABASE_PAGE_TOKEN, requests: { timeoutMs: 5_000 } })) // first of all
app.use(express.json())
app.get("/accounts", (_request, response) => reply(response, accounts()))

const server = app.listen(Number(process.env.PORT ?? 3000), () => console.log("listening", server.address()))

process.once("SIGTERM", () => {
  server.close()
  void db.close({ drainMs: 5_000 }).unwrapOr(undefined)
})
