import { createServer } from "node:http"

import { getDatabase } from "@kysely-resilient/core"
import { fetchListener } from "@kysely-resilient/http/node"

const db = getDatabase<object>()
const application = () => new Response("Nothing here\n", { status: 404 })

// Everybody may see everything: with NODE_ENV=production this is refused, and `token` or `authorize` says who may.
const server = createServer(fetchListener(db, application, { expose: "full" }))
server.listen(Number(process.env.PORT ?? 3000), () => console.log("listening", server.address()))

process.once("SIGTERM", () => {
  server.close()
  void db.close().unwrapOr(undefined)
})
