import type { PostgresServer } from "../server.ts"
import { startPostgres } from "../start.ts"
import { isolatedDatabase, type IsolatedDatabase } from "./isolated.ts"
import { createTemplate } from "./template.ts"
import { withClient, type SqlClient } from "../sql-client.ts"

/** What is opened on a database of its own, and closed with it: what `createDatabase` gives, a pool, a client. */
export interface Opened {
  /** A promise, or something that is awaited as one. */
  close(): unknown
}

export interface IsolatedOptions {
  /**
   * Where. Default: the server of `KYSELY_RESILIENT_TEST_URL`, which a global set-up has started; else one that is started for this
   * process, and ends with it.
   */
  readonly server?: { readonly url: string } | (() => { readonly url: string } | PromiseLike<{ readonly url: string }>)
  /** Part of the database's name, to find it: usually the test's `import.meta.url`. */
  readonly name?: string
  /**
   * What every test begins with, by the name of a template that is made once: put a version into it. Without one `setup` runs in each database.
   */
  readonly template?: string
  readonly setup?: (client: SqlClient) => Promise<unknown>
}

export interface OpenedOptions<T extends Opened> extends IsolatedOptions {
  /** What tests want to have of it: `(url) => createDatabase({ schema, connection: url })`. */
  readonly open: (url: string) => T
}

/** A database of one's own, and what was opened on it. */
export interface Isolated<T> {
  readonly url: string
  readonly name: string
  readonly db: T
}

export interface IsolatedAndOpen<T> extends Isolated<T> {
  end(): Promise<void>
}

export async function isolatedWith<T extends Opened | undefined>(
  options: IsolatedOptions,
  open: (url: string) => T,
): Promise<IsolatedAndOpen<T>> {
  const server = await serverOf(options.server)
  const database = await databaseOf(server, options)
  const db = open(database.url)
  return {
    url: database.url,
    name: database.name,
    db,
    async end() {
      await db?.close()
      await database.drop()
    },
  }
}

/** Where nothing is to be opened. */
export function nothing(): undefined {
  return undefined
}

async function databaseOf(
  server: { readonly url: string },
  { name, template, setup }: IsolatedOptions,
): Promise<IsolatedDatabase> {
  if (template !== undefined) await createTemplate(server, template, async (client) => void (await setup?.(client)))
  const database = await isolatedDatabase(server, {
    ...(name !== undefined && { name }),
    ...(template !== undefined && { template }),
  })
  if (template !== undefined || setup === undefined) return database
  try {
    await withClient(database.url, setup)
  } catch (error) {
    await database.drop()
    throw error
  }
  return database
}

let own: Promise<PostgresServer> | undefined

/** The watchdog of our own servers ends them with the process. */
async function serverOf(server: IsolatedOptions["server"]): Promise<{ readonly url: string }> {
  if (server !== undefined) return typeof server === "function" ? server() : server
  own ??= startPostgres({ durable: false })
  return own
}
