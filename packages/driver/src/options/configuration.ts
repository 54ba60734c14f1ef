import type { TlsPlan } from "../postgres/settings.ts"
import type { ResolvedOptions } from "./resolve.ts"

/** How an engine was configured, with every default filled in and without a secret. */
export interface Configuration {
  /** Undefined: nobody has said where to connect. */
  readonly connection: ConnectionSummary | undefined
  readonly pool: {
    readonly min: number
    readonly max: number
    readonly acquireTimeoutMs: number
    readonly idleTimeoutMs: number
    readonly maxLifetimeMs: number
  }
  readonly timeouts: {
    readonly connectMs: number
    readonly queryMs: number | undefined
    readonly transactionMs: number | undefined
    readonly stallMs: number | undefined
  }
  readonly retry: { readonly enabled: boolean; readonly attemptsMax: number; readonly outageWaitMs: number }
  readonly resolution: "off" | "xid" | "marker"
  readonly resolveAutocommit: boolean
}

export interface ConnectionSummary {
  /** A name, an address, or the directory of a Unix socket (begins with `/`). What is dialled. */
  readonly host: string
  readonly port: number
  readonly user: string
  readonly database: string
  /** `optional`: also without, if the other side wants it so. `verified`: the server has to prove who it is. */
  readonly tls: "off" | "optional" | "unverified" | "verified"
  readonly applicationName: string | undefined
  /** TCP keep-alive. */
  readonly keepAlive: boolean
}

export function configurationOf(options: ResolvedOptions): Configuration {
  const { connection, pool, timeouts, retry, resolution, resolveAutocommit } = options
  const { min, max, acquireTimeoutMs, idleTimeoutMs, maxLifetimeMs } = pool
  const { connectMs, queryMs, transactionMs, stallMs } = timeouts
  const { enabled, attemptsMax, outageWaitMs } = retry
  return {
    connection: connection.ok ? summaryOf(connection.value) : undefined,
    pool: { min, max, acquireTimeoutMs, idleTimeoutMs, maxLifetimeMs },
    timeouts: { connectMs, queryMs, transactionMs, stallMs },
    retry: { enabled, attemptsMax, outageWaitMs },
    resolution,
    resolveAutocommit,
  }
}

function summaryOf({
  host,
  port,
  user,
  database,
  tls,
  applicationName,
  keepAlive,
}: Omit<ConnectionSummary, "tls"> & { readonly tls: TlsPlan }): ConnectionSummary {
  return { host, port, user, database, tls: levelOf(tls), applicationName, keepAlive }
}

function levelOf({ attempts, tls }: TlsPlan): ConnectionSummary["tls"] {
  if (!attempts.includes("tls")) return "off"
  if (attempts.includes("plain")) return "optional"
  return tls?.rejectUnauthorized === false ? "unverified" : "verified"
}
