import { databaseUrl, isolatedDatabase, type IsolatedDatabase, type SqlClient } from "@kysely-resilient/testing"
import { Client } from "pg"
import { afterAll, beforeAll, inject } from "vitest"

/** The database of one test file; its properties can be read from `beforeAll` on. */
export interface TestDatabase {
  readonly name: string
  readonly url: string
  /** Of the administrative database on the same server: for pg_stat_activity, pg_terminate_backend and the like. */
  readonly adminUrl: string
  /** A plain `pg` client on this database, closed after the file's last test; its `error` events are swallowed. */
  connect(): Promise<Client>
  /** One statement over a connection of its own: what the server knows, past everything under test. */
  ask(text: string, parameters?: unknown[]): Promise<Record<string, unknown>[]>
}

export interface TestDatabaseOptions {
  /** Runs once in the new database. */
  readonly setup?: (client: SqlClient) => Promise<void>
  /** Copy this template instead of an empty database. */
  readonly template?: string
  /** Another server than the run's own: called in `beforeAll`, after hooks that were registered before. */
  readonly server?: () => { readonly url: string }
}

/**
 * Gives a test file its own database: call it once at the top level, with `import.meta.url`. It is made before the
 * file's first test and dropped after its last.
 */
export function testDatabase(fileUrl: string, options: TestDatabaseOptions = {}): TestDatabase {
  let database: IsolatedDatabase | undefined
  let adminUrl: string | undefined
  const clients: Client[] = []

  const made = (): IsolatedDatabase => {
    if (database === undefined) throw new Error("the test database is made in beforeAll: use it in hooks and tests")
    return database
  }
  const connect = async (): Promise<Client> => {
    const client = new Client({ connectionString: made().url })
    client.on("error", () => {})
    clients.push(client)
    await client.connect()
    return client
  }
  const briefly = async <T>(use: (client: Client) => Promise<T>): Promise<T> => {
    const client = new Client({ connectionString: made().url })
    client.on("error", () => {})
    await client.connect()
    try {
      return await use(client)
    } finally {
      await client.end()
    }
  }

  beforeAll(async () => {
    adminUrl = options.server?.().url ?? inject("postgresUrl")
    const template = options.template === undefined ? {} : { template: options.template }
    database = await isolatedDatabase({ url: adminUrl }, { name: fileUrl, ...template })
    if (options.setup !== undefined) await briefly(options.setup)
  })
  afterAll(async () => {
    await Promise.all(clients.map((client) => client.end().catch(() => {})))
    await database?.drop()
  })

  return {
    get name() {
      return made().name
    },
    get url() {
      return made().url
    },
    get adminUrl() {
      return databaseUrl(made().url, new URL(adminUrl ?? "postgres:///postgres").pathname.slice(1) || "postgres")
    },
    connect,
    ask: (text, parameters) => briefly(async (client) => (await client.query(text, parameters)).rows),
  }
}
