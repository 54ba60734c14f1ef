import { join } from "node:path"
import { NoPostgresError, type PostgresServer } from "../server.ts"
import { embeddedPrograms, findInstalledPostgres, installedPrograms, type Programs } from "./binaries.ts"
import { addSettings, makeCluster, putFile, SUPERUSER } from "./cluster.ts"
import { guard, release } from "./guard.ts"
import { clearLeftovers, removeServer, serverFolder } from "./leftovers.ts"
import { LogLines } from "./log-lines.ts"
import { placeFor } from "./places.ts"
import { freePort } from "./port.ts"
import { launch, type Running } from "./running.ts"
import { OwnServer } from "./own-server.ts"
import { settingLines, type SettingValue } from "./settings.ts"
import { accountsToTry } from "./user.ts"

export interface EmbeddedPostgresOptions {
  /** Lines for postgresql.conf; they win over ours. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /**
   * Is a COMMIT on disk when it is acknowledged (fsync, full_page_writes, synchronous_commit)? Default true.
   * Say false for tests that never crash the server: they get faster.
   */
  readonly durable?: boolean
  /** Default 100, as PostgreSQL. Raise it when many test files share the server. */
  readonly maxConnections?: number
  /** Files for the data directory by name: a certificate and its key, another pg_hba.conf. Only the server reads them. */
  readonly files?: Readonly<Record<string, string>>
  /** As root: the account that runs the server. Default: postgres, nobody, node or daemon, the first that can. */
  readonly runAs?: string
  /** Where data and copies of binaries go. Default: the system's folder for temporary files. */
  readonly directory?: string
  /** Default 30,000: a slow machine's first start. */
  readonly startTimeoutMs?: number
  /** How many lines `logs()` keeps. Default 500. */
  readonly logLinesMax?: number
}

/**
 * Starts a throw-away PostgreSQL 18 from the binaries that npm installed, on a free port of 127.0.0.1. Everything
 * about it disappears with `stop()`, or with this process, however that ends.
 *
 * @throws {NoPostgresError} if there are no binaries for this platform, or nobody here can run them
 */
export async function startEmbeddedPostgres(options: EmbeddedPostgresOptions = {}): Promise<OwnServer> {
  const keepIn = placeFor(firstAccount(options), options.directory)
  return start("embedded", await embeddedPrograms(keepIn, options.runAs), options)
}

/**
 * The same with a PostgreSQL that is installed on this machine, of whatever version.
 *
 * @param options.binDir the folder of `postgres` and `initdb`; default: the one on PATH
 */
export async function startLocalPostgres(
  options: EmbeddedPostgresOptions & { readonly binDir?: string } = {},
): Promise<OwnServer> {
  const binDir = options.binDir ?? findInstalledPostgres()
  if (binDir === undefined) throw new NoPostgresError("No PostgreSQL server is installed on PATH: give its binDir.")
  return start("local", await installedPrograms(binDir, options.runAs), options)
}

function firstAccount(options: EmbeddedPostgresOptions): ReturnType<typeof accountsToTry>[number] {
  return accountsToTry(options.runAs)[0]
}

async function start(
  origin: PostgresServer["origin"],
  programs: Programs,
  options: EmbeddedPostgresOptions,
): Promise<OwnServer> {
  const place = placeFor(programs.account, options.directory)
  await clearLeftovers(place)
  const folder = await serverFolder(place)
  guard(folder)
  try {
    const { dataDirectory, password } = await makeCluster(programs, place, join(folder, "data"))
    const { durable = true, maxConnections = 100, settings = {} } = options
    addSettings(dataDirectory, settingLines({ durable, maxConnections, settings }))
    for (const [name, content] of Object.entries(options.files ?? {})) putFile(programs, dataDirectory, name, content)

    const log = new LogLines(options.logLinesMax ?? 500)
    const startTimeoutMs = options.startTimeoutMs ?? 30_000
    const { port, running } = await startSomewhere({ programs, dataDirectory, log, timeoutMs: startTimeoutMs })
    return new OwnServer({ origin, programs, folder, port, user: SUPERUSER, password, log, startTimeoutMs }, running)
  } catch (error) {
    await removeServer(folder)
    release(folder)
    throw error
  }
}

/** Between our finding a free port and the server's taking it, another process may be faster: then another port. */
async function startSomewhere(
  options: Omit<Parameters<typeof launch>[0], "port">,
): Promise<{ port: number; running: Running }> {
  const PORTS_MAX = 5
  for (let tries = 1; ; tries++) {
    const port = await freePort()
    const launched = await launch({ ...options, port })
    if (launched.ok) return { port, running: launched.running }
    if (!launched.portTaken || tries === PORTS_MAX) throw new Error(`PostgreSQL did not start: ${launched.problem}`)
  }
}
