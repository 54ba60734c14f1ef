import { isIP } from "node:net"

import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import type { ConnectionSettings } from "../postgres/settings.ts"
import { show, type Keys, type Problems, type Section } from "./check.ts"
import { fromEnvironment, namesPlace, PLACE_VARIABLES, variable, type Environment } from "./environment.ts"
import { fromString, GivenSettings, type Given } from "./given.ts"
import { isPasswordFunction, passwordFor } from "./password.ts"
import { sessionOptions } from "./session-options.ts"
import { planSsl } from "./ssl-object.ts"
import type { System } from "./system.ts"
import { planTls, SSL_MODES, type TlsTarget } from "./tls.ts"

/** TCP keep-alive probes begin after this much silence; how many follow, and how fast, is the system's setting. */
const KEEP_ALIVE_DELAY_MS = 10_000

const CHANNEL_BINDINGS = ["disable", "prefer", "require"] as const

/** Our names for libpq's keywords. */
const KEYWORD_OF = {
  host: "host",
  user: "user",
  database: "dbname",
  sslrootcert: "sslrootcert",
  sslcert: "sslcert",
  sslkey: "sslkey",
  applicationName: "application_name",
  options: "options",
} as const

/** What says which database is meant. */
const PLACE_KEYS = ["host", "port", "user", "database"] as const

const CONNECTION_KEYS: Keys = {
  known: [
    "connectionString",
    ...Object.keys(KEYWORD_OF),
    "port",
    "password",
    "sslmode",
    "ssl",
    "channelBinding",
    "keepAlive",
  ],
  hints: {
    dbname: "Write database",
    username: "Write user",
    url: "Write connectionString",
    uri: "Write connectionString",
    max: "Give it as pool: { max }",
    min: "Give it as pool: { min }",
    idleTimeoutMillis: "Give it as pool: { idleTimeoutMs }",
    connectionTimeoutMillis: "Give it as timeouts: { connectMs } and pool: { acquireTimeoutMs }",
    maxUses: "Give pool: { maxLifetimeMs } instead",
    maxLifetimeSeconds: "Give it as pool: { maxLifetimeMs }",
    allowExitOnIdle: "Remove it: idle connections never keep the process alive, unless pool: { keepAlive: true }",
    query_timeout: "Give it as timeouts: { queryMs }",
    statement_timeout: 'Give it as options: "-c statement_timeout=…", or as timeouts: { queryMs }',
    lock_timeout: 'Give it as options: "-c lock_timeout=…"',
    idle_in_transaction_session_timeout: 'Give it as options: "-c idle_in_transaction_session_timeout=…"',
    keepAliveInitialDelayMillis:
      "Remove it: probes begin after 10 s; keepalives_idle in a connection string changes that",
    types: "Remove it: set type parsers with pg.types.setTypeParser",
    Client: "Remove it: connections are made here",
    enableChannelBinding: 'Write channelBinding: "prefer"',
  },
}

export interface ResolvedConnection {
  readonly settings: Outcome<ConnectionSettings>
  /** From `connect_timeout`, if that was given. */
  readonly connectMs: number | undefined
}

/**
 * Where to connect and as whom. An option wins over the connection string, that over `PG*`; `DATABASE_URL` stands in for
 * a connection string where no option says which database is meant. If nobody says it, that is no error yet (a build
 * may load the module without any database): it is the failure of the first operation.
 */
export function resolveConnection(
  root: Section,
  env: Environment,
  system: System,
  problems: Problems,
): ResolvedConnection {
  const value = root.value("connection")
  if (root.mentions("connection") && (value === undefined || value === "")) return missing(blank("connection", value))
  if (typeof value === "string")
    return build(fromString(value, "connection", problems), undefined, env, system, problems)

  const options = root.section("connection", CONNECTION_KEYS)
  const asGiven = options.value("connectionString")
  if (options.mentions("connectionString") && (asGiven === undefined || asGiven === "")) {
    return missing(blank("connection.connectionString", asGiven))
  }
  const text = options.text("connectionString")
  const placed = PLACE_KEYS.some((key) => options.has(key))
  const url = variable(env, "DATABASE_URL")
  let source = new Map<string, Given>()
  if (text !== undefined) source = fromString(text, "connection.connectionString", problems)
  else if (!placed && url !== undefined) source = fromString(url, "DATABASE_URL", problems)
  else if (!placed && !namesPlace(env)) return missing(NOBODY_SAID)
  return build(source, options, env, system, problems)
}

function build(
  source: ReadonlyMap<string, Given>,
  options: Section | undefined,
  env: Environment,
  system: System,
  problems: Problems,
): ResolvedConnection {
  const own = options === undefined ? new Map<string, Given>() : fromOptions(options)
  const given = new GivenSettings(problems, [fromEnvironment(env), source, own])
  const name = readHost(given)
  const hostaddr = readAddress(given)
  const host = hostaddr ?? name ?? "localhost"
  const port = given.wholeNumber("port", 1, 65_535) ?? 5432
  const user = given.value("user") ?? system.userName() ?? noUser(problems)
  const database = given.value("dbname") ?? user
  const target: TlsTarget = { host, name: name ?? (hostaddr === undefined ? host : undefined) }
  const ownSsl = options?.has("ssl") === true ? options : undefined
  const tls = ownSsl === undefined ? planTls(given, target, env, system) : planSsl(ownSsl, target)
  if (ownSsl !== undefined) refuseBoth(ownSsl)

  const channelBinding = given.choice("channel_binding", CHANNEL_BINDINGS) ?? "disable"
  if (channelBinding === "require" && !tls.attempts.includes("tls")) {
    given.wrong(
      "channel_binding",
      "is require, which needs TLS, and there is none here",
      "Give an sslmode from require up",
    )
  }
  const seconds = given.wholeNumber("connect_timeout", 1, 86_400)
  const idleSeconds = given.wholeNumber("keepalives_idle", 0, 86_400)
  const ownPassword = options?.value("password")
  const password = passwordFor(
    {
      given: isPasswordFunction(ownPassword) ? ownPassword : undefined,
      text: given.value("password"),
      file: given.value("passfile"),
    },
    { host: name ?? host, port, database, user },
    env,
    system,
  )
  const settings: ConnectionSettings = {
    host,
    port,
    user,
    database,
    password,
    tls,
    channelBinding,
    applicationName: given.value("application_name") ?? given.value("fallback_application_name"),
    options: sessionOptions(given, env, problems),
    keepAlive: (given.choice("keepalives", ["0", "1"]) ?? "1") === "1",
    keepAliveDelayMs: idleSeconds === undefined ? KEEP_ALIVE_DELAY_MS : idleSeconds * 1_000,
    label: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
  }
  return { settings: success(settings), connectMs: seconds === undefined ? undefined : seconds * 1_000 }
}

/** The object form in libpq's words. */
function fromOptions(options: Section): Map<string, Given> {
  const found = new Map<string, Given>()
  const give = (key: string, keyword: string, value: string | undefined): void => {
    if (value !== undefined) found.set(keyword, { value, path: options.pathOf(key) })
  }
  for (const [key, keyword] of Object.entries(KEYWORD_OF)) give(key, keyword, options.text(key))
  give("port", "port", options.count("port", { least: 1, most: 65_535 })?.toString())
  give("sslmode", "sslmode", options.choice("sslmode", SSL_MODES))
  give("channelBinding", "channel_binding", options.choice("channelBinding", CHANNEL_BINDINGS))
  const keepAlive = options.flag("keepAlive")
  if (keepAlive !== undefined) give("keepAlive", "keepalives", keepAlive ? "1" : "0")
  if (!isPasswordFunction(options.value("password"))) give("password", "password", options.text("password"))
  return found
}

/** A name, an address, or the directory of a Unix socket. Not quoted in messages: it may be a misplaced URL. */
function readHost(given: GivenSettings): string | undefined {
  const host = given.value("host")
  if (host === undefined) return undefined
  if (host.includes("://"))
    return given.wrong("host", "is a URL", "Give only the host here, or the URL as connectionString")
  if (host.includes(","))
    return given.wrong("host", "names several hosts, which this driver cannot use yet", "Give one host")
  if (host.startsWith("/")) return host
  if (/[\s@/=?#[\]]/.test(host)) {
    return given.wrong(
      "host",
      "holds a character that no host name has",
      "Give a name, an IP address or the directory of a Unix socket",
    )
  }
  return host
}

function readAddress(given: GivenSettings): string | undefined {
  const address = given.value("hostaddr")
  if (address === undefined || isIP(address) !== 0) return address
  return given.wrong("hostaddr", "is no IP address", "Give one address, or only host")
}

function noUser(problems: Problems): string {
  problems.add(
    "connection.user",
    "is not given, and the operating system has no name for this process's user",
    "Give user, or set PGUSER",
  )
  return ""
}

function refuseBoth(options: Section): void {
  for (const key of ["sslmode", "sslrootcert", "sslcert", "sslkey"]) {
    if (!options.has(key)) continue
    options.wrong(key, "is given beside ssl, and either of them says how to do TLS", "Remove one of the two")
  }
}

const EXAMPLE = "DATABASE_URL=postgres://user:password@host:5432/database"

const NOBODY_SAID =
  `No database is configured: there is no connection option, and of DATABASE_URL, ${PLACE_VARIABLES.join(", ")} none is set. ` +
  `Set ${EXAMPLE}, or give the connection option.`

function blank(path: string, value: unknown): string {
  return (
    `No database is configured: the option ${path} was given, but it is ${value === undefined ? "undefined" : show(value)}. ` +
    `It probably comes from an environment variable that is not set: set it, or leave the option out to use DATABASE_URL.`
  )
}

function missing(message: string): ResolvedConnection {
  const failure: Failure = {
    kind: "configuration",
    blame: "client",
    retry: "never",
    pace: "slow",
    connection: "keep",
    effect: "not_applied",
    origin: "client",
    phase: "connect",
    message,
  }
  return { settings: failed(failure), connectMs: undefined }
}
