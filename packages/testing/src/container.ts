import type * as Testcontainers from "@testcontainers/postgresql"
import { connect } from "node:net"
import { existsSync } from "node:fs"
import { homedir } from "node:os"
import { join } from "node:path"
import { LogLines } from "./embedded/log-lines.ts"
import { settingArguments, type SettingValue } from "./embedded/settings.ts"
import { databaseUrl, NoPostgresError, versionIn, type PostgresServer } from "./server.ts"
import { withClient } from "./sql-client.ts"

const DOCKER_ANSWERS_WITHIN_MS = 2_000

export interface ContainerPostgresOptions {
  /** Default "postgres:18-alpine". */
  readonly image?: string
  /** As for the embedded one: settings of the server, which win over ours. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  /** Default true: a COMMIT is on disk when it is acknowledged. */
  readonly durable?: boolean
  /** Default 100. */
  readonly maxConnections?: number
  /** Default 120,000: the image may have to be fetched first. */
  readonly startTimeoutMs?: number
  /** How many lines `logs()` keeps. Default 500. */
  readonly logLinesMax?: number
}

export type DockerAnswer = { readonly ok: true } | { readonly ok: false; readonly because: string }

/** Is there a Docker that would start a container? Asks its daemon and not the command line. */
export async function dockerAnswers(environment: NodeJS.ProcessEnv = process.env): Promise<DockerAnswer> {
  const problems: string[] = []
  for (const where of daemonsToTry(environment)) {
    const problem = await ping(where)
    if (problem === undefined) return { ok: true }
    problems.push(`${where.path ?? `${where.host}:${where.port}`}: ${problem}`)
  }
  return { ok: false, because: problems.join("; ") || "no Docker socket found" }
}

/**
 * Starts PostgreSQL in a container by `@testcontainers/postgresql`, which the caller has to install.
 *
 * @throws {NoPostgresError} if that package is missing or Docker does not answer
 */
export async function startContainerPostgres(options: ContainerPostgresOptions = {}): Promise<PostgresServer> {
  const { PostgreSqlContainer } = await testcontainers()
  const docker = await dockerAnswers()
  if (!docker.ok) throw new NoPostgresError(`Docker does not answer (${docker.because}).`)

  const { image = "postgres:18-alpine", durable = true, maxConnections = 100, settings = {} } = options
  const log = new LogLines(options.logLinesMax ?? 500)
  const container = await new PostgreSqlContainer(image)
    .withCommand(["postgres", ...settingArguments({ durable, maxConnections, settings })])
    .withStartupTimeout(options.startTimeoutMs ?? 120_000)
    .withLogConsumer((stream) => stream.on("data", (chunk: Buffer | string) => log.push(String(chunk))))
    .start()

  const url = databaseUrl(container.getConnectionUri(), "postgres")
  const { rows } = await withClient(url, (client) => client.query("show server_version"))
  const version = versionIn(String(rows[0]?.["server_version"])) ?? "unknown"
  let stopped: Promise<unknown> | undefined
  const stop = async (): Promise<void> => {
    stopped ??= container.stop()
    await stopped
  }
  return {
    origin: "testcontainers",
    description: `PostgreSQL ${version} (container of ${image}) on ${container.getHost()}:${container.getPort()}`,
    url,
    host: container.getHost(),
    port: container.getPort(),
    user: container.getUsername(),
    password: container.getPassword(),
    version,
    logs: () => log.last(),
    stop,
    [Symbol.asyncDispose]: stop,
  }
}

async function testcontainers(): Promise<typeof Testcontainers> {
  try {
    return await import("@testcontainers/postgresql")
  } catch (cause) {
    throw new NoPostgresError("Containers need a package: npm install --save-dev @testcontainers/postgresql", { cause })
  }
}

interface Daemon {
  readonly path?: string
  readonly host?: string
  readonly port?: number
}

function daemonsToTry(environment: NodeJS.ProcessEnv): readonly Daemon[] {
  const given = environment["DOCKER_HOST"]
  if (given !== undefined && given !== "") {
    if (given.startsWith("unix://")) return [{ path: given.slice("unix://".length) }]
    if (!URL.canParse(given)) return []
    const { hostname, port } = new URL(given.replace(/^tcp:/, "http:"))
    return [{ host: hostname, port: port === "" ? 2375 : Number(port) }]
  }
  if (process.platform === "win32") return [{ path: "\\\\.\\pipe\\docker_engine" }]
  const runtime = environment["XDG_RUNTIME_DIR"]
  return [
    "/var/run/docker.sock",
    join(homedir(), ".docker/run/docker.sock"),
    join(homedir(), ".docker/desktop/docker.sock"),
    ...(runtime === undefined ? [] : [join(runtime, "docker.sock")]),
  ].flatMap((path) => (existsSync(path) ? [{ path }] : []))
}

/** Undefined if it answers. A TLS daemon answers a plain request with a refusal, which is an answer too. */
function ping(daemon: Daemon): Promise<string | undefined> {
  return new Promise((resolve) => {
    const socket = daemon.path === undefined ? connect(daemon.port ?? 2375, daemon.host) : connect(daemon.path)
    const done = (problem: string | undefined): void => {
      socket.destroy()
      resolve(problem)
    }
    socket.setTimeout(DOCKER_ANSWERS_WITHIN_MS, () => done(`no answer in ${DOCKER_ANSWERS_WITHIN_MS} ms`))
    socket.on("error", (error) => done(error.message))
    socket.on("close", () => done("closed without an answer"))
    socket.on("data", () => done(undefined))
    socket.write("GET /_ping HTTP/1.1\r\nHost: docker\r\nConnection: close\r\n\r\n")
  })
}
