import { Client } from "pg"
import type { Queryable } from "./catalog.ts"
import { CodegenError } from "./errors.ts"

/** Long enough for a server far away, short enough for somebody who waits at a prompt. */
const connectTimeoutMs = 10_000
/** The catalogue of a very large database takes seconds. */
const queryTimeoutMs = 60_000

/**
 * Plain `pg` and one connection: this runs while an application is developed and not while it serves.
 *
 * Everything is read in one snapshot, so that a migration running meanwhile is seen as a whole or not at all.
 *
 * @throws CodegenError if the database cannot be reached; whatever `use` throws.
 */
export async function withConnection<T>(
  connection: string | undefined,
  use: (database: Queryable) => Promise<T>,
): Promise<T> {
  const client = new Client({
    ...(connection !== undefined && { connectionString: connection }),
    application_name: "kysely-resilient-codegen",
    connectionTimeoutMillis: connectTimeoutMs,
    query_timeout: queryTimeoutMs,
  })
  // A connection that ends between two queries tells nobody else; the next query fails with the reason.
  client.on("error", () => {})
  try {
    await client.connect()
  } catch (error) {
    throw new CodegenError(`Cannot reach the database: ${reasonOf(error)}`, { cause: error })
  }
  try {
    await client.query("begin isolation level repeatable read read only")
    return await use({ query: (text, parameters) => client.query(text, [...parameters]) })
  } finally {
    // The transaction only read, and ends with its connection. A connection that is lost has nothing to end.
    await client.end().catch(() => {})
  }
}

/** Where several addresses were tried, Node gives an error without a message and with one error for each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ")
  return error instanceof Error ? error.message : String(error)
}
