import { Client } from "pg"

/** The little that set-up code needs of a connection; a `pg.Client` is one. */
export interface SqlClient {
  query(text: string, parameters?: unknown[]): Promise<{ readonly rows: Record<string, unknown>[] }>
}

/** Connects, uses and closes; what happens to the connection meanwhile shows in the query, not as an event. */
export async function withClient<T>(url: string, use: (client: SqlClient) => Promise<T>): Promise<T> {
  const client = new Client({ connectionString: url, application_name: "kysely-resilient-testing" })
  client.on("error", () => {})
  await client.connect()
  try {
    return await use(client)
  } finally {
    await client.end().catch(() => {})
  }
}

/** For the places where PostgreSQL takes no parameter. */
export function identifier(name: string): string {
  return `"${name.replaceAll('"', '""')}"`
}

export function literal(value: string): string {
  return `'${value.replaceAll("'", "''")}'`
}
