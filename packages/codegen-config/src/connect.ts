import { Client } from "pg"
import { DatabaseUnreadableError } from "./errors.ts"
import { withoutPassword } from "./password.ts"

/** Long enough for a server far away, short enough for somebody who waits at a prompt. */
const connectTimeoutMs = 10_000
/** The catalogue of a very large database takes seconds. */
const queryTimeoutMs = 60_000

/** The one thing that reading needs of a connection. */
export interface Queryable {
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- whoever writes the SQL knows its rows
  query<Row extends object>(text: string, parameters: readonly unknown[]): Promise<readonly Row[]>
}

/**
 * Plain `pg` and one connection: this runs while an application is developed and not while it serves.
 *
 * @throws DatabaseUnreadableError if the database cannot be reached or does not answer; whatever else `use` throws.
 */
export async function withConnection<T>(
  connection: string | undefined,
  use: (database: Queryable) => Promise<T>,
): Promise<T> {
  const unreadable = (what: string, error: unknown): DatabaseUnreadableError =>
    new DatabaseUnreadableError(`${what}: ${withoutPassword(reasonOf(error), connection, process.env["PGPASSWORD"])}`)
  const client = clientFor(connection, unreadable)
  // A connection that ends between two queries tells nobody else; the next query fails with the reason.
  client.on("error", () => {})
  try {
    await client.connect()
  } catch (error) {
    throw unreadable("Cannot reach the database", error)
  }
  const query = async <Row extends object>(text: string, parameters: readonly unknown[]): Promise<readonly Row[]> => {
    try {
      return (await client.query<Row>(text, [...parameters])).rows
    } catch (error) {
      throw unreadable("Cannot read the database's catalogue", error)
    }
  }
  try {
    return await use({ query })
  } finally {
    // It only read. A connection that is lost has nothing to end.
    await client.end().catch(() => {})
  }
}

function clientFor(connection: string | undefined, unreadable: (what: string, error: unknown) => Error): Client {
  try {
    return new Client({
      ...(connection !== undefined && { connectionString: connection }),
      application_name: "kysely-resilient-codegen",
      connectionTimeoutMillis: connectTimeoutMs,
      query_timeout: queryTimeoutMs,
    })
  } catch (error) {
    throw unreadable("The connection string cannot be read", error)
  }
}

/** Where several addresses were tried, Node gives an error without a message and with one error for each. */
function reasonOf(error: unknown): string {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join("; ")
  return error instanceof Error ? error.message : String(error)
}
