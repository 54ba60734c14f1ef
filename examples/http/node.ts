import { createServer } from "node:http"

import { respond } from "@kysely-resilient/http"
import { fetchListener } from "@kysely-resilient/http/node"

import { accounts, db } from "./database.ts"

const handle = (request: Request) =>
  new URL(request.url).pathname === "/accounts" ? respond(accounts()) : new Response("Nothing here\n", { status: 404 })

const server = createServer(fetchListener(db, handle, { token: process.env.DATABASE_PAGE_TOKEN }))
server.listen(Number(process.env.PORT ?? 3000), () => console.log("listening", server.address()))

process.once("SIGTERM", () => {
  server.close() // /readyz has said "draining" from the signal on
  void db.close({ drainMs: 5_000 }).unwrapOr(undefined) // streams of events end with the database
})
