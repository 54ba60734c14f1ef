import { NoPostgresError, versionIn, type PostgresServer } from "./server.ts"
import { withClient } from "./sql-client.ts"

/**
 * A server that somebody else runs. `stop()` leaves it running.
 *
 * @param url of a user who may create and drop databases
 * @throws {NoPostgresError} if it cannot be reached, or may not be used for tests
 */
export async function usePostgres(url: string): Promise<PostgresServer> {
  const parsed = parse(url)
  const { version, mayCreate } = await ask(url, parsed.host)
  if (!mayCreate) {
    throw new NoPostgresError(`The user of ${parsed.host} may not create databases: give it CREATEDB, or use another.`)
  }
  return {
    origin: "url",
    description: `PostgreSQL ${version} (given by URL) on ${parsed.host}:${parsed.port}`,
    url,
    ...parsed,
    version,
    logs: () => [],
    stop: leaveItRunning,
    [Symbol.asyncDispose]: leaveItRunning,
  }
}

async function leaveItRunning(): Promise<void> {}

function parse(url: string): Pick<PostgresServer, "host" | "port" | "user" | "password"> {
  if (!URL.canParse(url)) throw new NoPostgresError("That is not a URL: postgres://user:password@host:port/database")
  const { hostname, port, username, password, searchParams } = new URL(url)
  return {
    host: searchParams.get("host") ?? (hostname || "localhost"),
    port: port === "" ? 5432 : Number(port),
    user: decodeURIComponent(username),
    password: decodeURIComponent(password),
  }
}

async function ask(url: string, host: string): Promise<{ version: string; mayCreate: boolean }> {
  try {
    return await withClient(url, async (client) => {
      const { rows } = await client.query(
        "select current_setting('server_version') as version, rolsuper or rolcreatedb as may_create " +
          "from pg_roles where rolname = current_user",
      )
      const text = String(rows[0]?.["version"])
      return { version: versionIn(text) ?? text, mayCreate: rows[0]?.["may_create"] === true }
    })
  } catch (cause) {
    const why = cause instanceof Error ? cause.message || cause.name : String(cause)
    throw new NoPostgresError(`The PostgreSQL on ${host} cannot be used: ${why}`, { cause })
  }
}
