import { databaseUrl, type OwnServer } from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import pg from "pg"

/** A server that is wholly the test's. */
export interface ExaminedServer extends AsyncDisposable {
  /** Of the database that is examined. */
  readonly url: string
  /** A session that stays until the end. */
  connect(user?: string): Promise<pg.Client>
  /** Over a connection of its own. */
  run(text: string): Promise<void>
  restart(): Promise<void>
}

/** A database of that name on a server that is wholly the test's. */
export async function examinedServer(server: OwnServer, name: string): Promise<ExaminedServer> {
  await withClient(server.url, (client) => client.query(`create database ${name}`))
  const url = databaseUrl(server.url, name)
  const clients: pg.Client[] = []
  return {
    url,
    async connect(user) {
      const address = new URL(url)
      if (user !== undefined) address.username = address.password = user
      const client = new pg.Client(address.href)
      client.on("error", () => {})
      clients.push(client)
      await client.connect()
      return client
    },
    async run(text) {
      await withClient(url, (client) => client.query(text))
    },
    restart: () => server.restart(),
    async [Symbol.asyncDispose]() {
      await Promise.all(clients.map((client) => client.end().catch(() => {})))
      await server.stop()
    },
  }
}
