import { randomBytes } from "node:crypto"
import { existsSync } from "node:fs"
import { join } from "node:path"

import { MARKER_MIGRATION } from "@kysely-resilient/driver"
import {
  databaseUrl,
  findInstalledPostgres,
  NoPostgresError,
  startEmbeddedPostgres,
  startFaultProxy,
  startLocalPostgres,
  type FaultProxy,
  type OwnServer,
} from "@kysely-resilient/testing"

import { Admin } from "./admin.ts"
import type { Resolution, ServerChoice } from "./options.ts"
import { SETUP } from "./tables.ts"

/** Where a drill takes place: a server of its own, and a network that can be cut. */
export interface World extends AsyncDisposable {
  readonly server: OwnServer
  readonly proxy: FaultProxy
  /** Where callers connect: through the proxy, as a role that may do no more than an application's. */
  readonly applicationUrl: string
  /** Straight to the same database, as a superuser. */
  readonly admin: Admin
  /** Straight to it, as the callers' role: for crowding it. */
  readonly visitor: Admin
}

/** How many sessions the server takes: more than the callers' pool, and few enough to be taken by somebody else. */
export const SERVER_CONNECTIONS = 40

/** Durability stays as PostgreSQL ships it: what is acknowledged must survive a crash. Deadlocks are looked for sooner than usual. */
const SETTINGS = { deadlock_timeout: "100ms", log_min_messages: "warning" } as const

const NAME = "drill"

/** Whatever was opened is closed again if something after it cannot be. */
export async function openWorld(postgres: ServerChoice, resolution: Resolution): Promise<World> {
  await using opened = new AsyncDisposableStack()
  const server = opened.use(await startServer(postgres))
  const proxy = opened.use(await startFaultProxy({ target: server }))
  const applicationUrl = await makeDatabase(server, resolution)
  const closing = opened.move()
  return {
    server,
    proxy,
    applicationUrl: proxy.url(applicationUrl),
    admin: new Admin(databaseUrl(server.url, NAME)),
    visitor: new Admin(applicationUrl, 1),
    [Symbol.asyncDispose]: () => closing.disposeAsync(),
  }
}

function startServer(postgres: ServerChoice): Promise<OwnServer> {
  const options = { settings: SETTINGS, durable: true, maxConnections: SERVER_CONNECTIONS }
  return postgres === "18" ? startEmbeddedPostgres(options) : startLocalPostgres({ ...options, binDir: find(postgres) })
}

/** Where distributions put it; else the one on PATH, whose version is seen when it runs. */
function find(postgres: ServerChoice): string {
  const usual = [
    `/usr/lib/postgresql/${postgres}/bin`,
    `/usr/pgsql-${postgres}/bin`,
    `/opt/homebrew/opt/postgresql@${postgres}/bin`,
    `/usr/local/opt/postgresql@${postgres}/bin`,
  ]
  const found = usual.find((folder) => existsSync(join(folder, "initdb"))) ?? findInstalledPostgres()
  if (found !== undefined) return found
  throw new NoPostgresError(`PostgreSQL ${postgres} is not installed here. Install it, or leave --postgres out.`)
}

/** A database that belongs to a role without any privileges. */
async function makeDatabase(server: OwnServer, resolution: Resolution): Promise<string> {
  const password = randomBytes(12).toString("hex")
  await new Admin(server.url).during(async ({ ask }) => {
    await ask(`create role ${NAME} login password '${password}'`)
    await ask(`create database ${NAME} owner ${NAME}`)
  })
  const url = new URL(databaseUrl(server.url, NAME))
  url.username = NAME
  url.password = password
  const owner = new Admin(url.href)
  await owner.ask(SETUP)
  if (resolution === "marker") for (const statement of MARKER_MIGRATION.up) await owner.ask(statement)
  return url.href
}
