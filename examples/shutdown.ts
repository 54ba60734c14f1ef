import { createServer } from "node:http"
import { once } from "node:events"

import { createDatabase } from "@kysely-resilient/core"

interface DB {
  accounts: { owner: string; balance: number }
}

const db = createDatabase<DB>()

const server = createServer((_request, response) => {
  void db.all(db.selectFrom("accounts").selectAll().orderBy("owner")).then((accounts) => {
    response.statusCode = accounts.isOk() ? 200 : 503
    response.end(JSON.stringify(accounts.isOk() ? accounts.value : { error: accounts.error.kind }))
  })
})

async function shutDown(): Promise<void> {
  // First the door: requests that are being answered may go on, and ask for as many queries as they need.
  server.close()
  server.closeIdleConnections()
  const patience = setTimeout(() => server.closeAllConnections(), 8_000)
  await once(server, "close")
  clearTimeout(patience)
  // Then the database: what still runs may take another second, and is ended then.
  await db.close({ drainMs: 1_000 })
  console.log("Closed")
}

process.once("SIGTERM", () => void shutDown())
process.once("SIGINT", () => void shutDown())

server.listen(Number(process.env.PORT ?? 0), () => console.log("Listening:", server.address()))
