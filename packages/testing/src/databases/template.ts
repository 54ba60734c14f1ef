import { setTimeout as sleep } from "node:timers/promises"
import { databaseUrl } from "../server.ts"
import { identifier, literal, withClient, type SqlClient } from "../sql-client.ts"
import { databaseName, NAME_BYTES_MAX } from "./names.ts"

/** CREATE DATABASE looks again only every 100 ms while somebody is connected to its template; we look more often. */
const LOOK_EVERY_MS = 5
const LEAVE_WITHIN_MS = 5_000

/**
 * A database that others are copied from, set up once: `isolatedDatabase(server, { template: name })` then takes
 * about as long as an empty one. If a template of that name is there, it is used as it is; so put a version or a
 * hash of what `setup` does into the name where servers live longer than a test run.
 *
 * @returns true if it was made now, false if it was there
 */
export async function createTemplate(
  server: { readonly url: string },
  name: string,
  setup: (client: SqlClient) => Promise<void>,
): Promise<boolean> {
  if (Buffer.byteLength(name) > NAME_BYTES_MAX) {
    throw new Error(`the name of a template has at most ${NAME_BYTES_MAX} bytes: ${name}`)
  }
  return withClient(server.url, async (admin) => {
    // Test files in several processes ask for the same one at the same moment: the others wait and find it.
    await admin.query("select pg_advisory_lock(hashtextextended($1, 0))", [name])
    const found = await admin.query("select from pg_database where datname = $1", [name])
    if (found.rows.length > 0) return false

    // Under another name until it is complete: a setup that fails leaves nothing that looks like a template.
    const draft = databaseName(name)
    await admin.query(`create database ${identifier(draft)} template template0`)
    try {
      await withClient(databaseUrl(server.url, draft), setup)
      await everyoneLeft(admin, draft)
      await admin.query(`alter database ${identifier(draft)} rename to ${identifier(name)}`)
    } catch (error) {
      await admin.query(`drop database if exists ${identifier(draft)} with (force)`)
      throw error
    }
    return true
  })
}

/** Removes a template; does nothing if there is none. */
export async function dropTemplate(server: { readonly url: string }, name: string): Promise<void> {
  await withClient(server.url, (admin) => admin.query(`drop database if exists ${identifier(name)} with (force)`))
}

/** A client that said goodbye is still in the list for some milliseconds. */
async function everyoneLeft(admin: SqlClient, database: string): Promise<void> {
  const deadline = performance.now() + LEAVE_WITHIN_MS
  for (;;) {
    const { rows } = await admin.query(`select from pg_stat_activity where datname = ${literal(database)}`)
    if (rows.length === 0 || performance.now() > deadline) return
    await sleep(LOOK_EVERY_MS)
  }
}
