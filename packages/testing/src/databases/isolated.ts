import { databaseUrl } from "../server.ts"
import { identifier, withClient, type SqlClient } from "../sql-client.ts"
import { databaseName } from "./names.ts"

export interface IsolatedDatabase extends AsyncDisposable {
  readonly name: string
  /** For the superuser of the server it is on. */
  readonly url: string
  /** Throws out whoever is still connected. Again: does nothing. */
  drop(): Promise<void>
}

/**
 * A database of one's own: tests that have one each cannot see each other, and need not clean up.
 *
 * @param server anything that knows the URL of a user who may create databases
 * @param options.name what it is for, usually the test's `import.meta.url`; something random is added
 * @param options.template the name of a template, see `createTemplate`; default: an empty database
 */
export async function isolatedDatabase(
  server: { readonly url: string },
  options: { readonly name?: string; readonly template?: string } = {},
): Promise<IsolatedDatabase> {
  const name = databaseName(options.name ?? "test")
  // template1 may hold what an administrator put there; template0 is the same everywhere.
  const template = identifier(options.template ?? "template0")
  await withClient(server.url, async (client) => {
    const strategy = await strategyOn(client)
    await client.query(`create database ${identifier(name)} template ${template}${strategy}`)
  })

  let dropped: Promise<unknown> | undefined
  const drop = async (): Promise<void> => {
    dropped ??= withClient(server.url, (client) =>
      client.query(`drop database if exists ${identifier(name)} with (force)`),
    )
    await dropped
  }
  return { name, url: databaseUrl(server.url, name), drop, [Symbol.asyncDispose]: drop }
}

/**
 * By default every page of the copy goes through the log, which spares a checkpoint. Where nothing is forced to disk a checkpoint costs
 * nothing, and copying the files takes a third of the time. The choice is there since PostgreSQL 15.
 */
async function strategyOn(client: SqlClient): Promise<string> {
  const { rows } = await client.query(
    "select current_setting('fsync') = 'off' and current_setting('server_version_num')::int >= 150000 as cheap",
  )
  return rows[0]?.["cheap"] === true ? " strategy file_copy" : ""
}
