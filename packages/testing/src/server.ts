/** Where a server came from: our binaries, the machine's own, a container, or somebody else who runs it. */
export type ServerOrigin = "embedded" | "local" | "testcontainers" | "url"

/** A PostgreSQL to test against, whoever runs it. */
export interface PostgresServer extends AsyncDisposable {
  readonly origin: ServerOrigin
  /** One sentence for people: which server this is and where it comes from. No password in it. */
  readonly description: string
  /** Connects a superuser to the administrative database; `databaseUrl` points it at another one. */
  readonly url: string
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** As the server says it: "18.4", "15.13", "19beta1". */
  readonly version: string
  /** The last lines of the server's log, oldest first; empty where we do not run the server. */
  logs(): readonly string[]
  /** Ends the server if we started it, and removes what it left; never throws for being called again. */
  stop(): Promise<void>
}

/** The same server and credentials, another database. */
export function databaseUrl(serverUrl: string, database: string): string {
  const url = new URL(serverUrl)
  url.pathname = `/${encodeURIComponent(database)}`
  return url.href
}

/** No server can be had; the message says why, source by source, and what to do about it. */
export class NoPostgresError extends Error {
  override readonly name: string = "NoPostgresError"
}

/** "postgres (PostgreSQL) 15.13 (Debian 15.13-0+deb12u1)" and "15.13 (Debian …)" both give "15.13". */
export function versionIn(text: string): string | undefined {
  return /(?:^|\s)(\d+(?:\.\d+)*(?:(?:devel|beta|rc)\d*)?)/.exec(text)?.[1]
}

export function majorOf(version: string): number {
  return Number.parseInt(version, 10)
}
