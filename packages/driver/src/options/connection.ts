import { failed, success, type Failure, type Outcome } from "../failure/failure.ts"
import type { ConnectionSettings } from "../postgres/settings.ts"
import { show, type Problems, type Section } from "./check.ts"
import { CHANNEL_BINDINGS, CONNECTION_KEYS, fromOptions, PLACE_KEYS, refuseBoth } from "./connection-object.ts"
import { fromEnvironment, namesPlace, PLACE_VARIABLES, variable, type Environment } from "./environment.ts"
import { fromString, GivenSettings, type Given } from "./given.ts"
import { readAddress, readHost } from "./host.ts"
import { isPasswordFunction, passwordFor } from "./password.ts"
import { sessionOptions } from "./session-options.ts"
import { planSsl } from "./ssl-object.ts"
import type { System } from "./system.ts"
import { planTls, type TlsTarget } from "./tls.ts"

/** TCP keep-alive probes begin after this much silence; how many follow, and how fast, is the system's setting. */
const KEEP_ALIVE_DELAY_MS = 10_000

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
    passwordMayChange: given.value("password") === undefined || isPasswordFunction(ownPassword),
    tls: channelBinding === "require" ? { ...tls, attempts: ["tls"] } : tls,
    channelBinding,
    applicationName: given.value("application_name") ?? given.value("fallback_application_name"),
    options: sessionOptions(given, env, problems),
    keepAlive: (given.choice("keepalives", ["0", "1"]) ?? "1") === "1",
    keepAliveDelayMs: idleSeconds === undefined ? KEEP_ALIVE_DELAY_MS : idleSeconds * 1_000,
    label: `${host.includes(":") ? `[${host}]` : host}:${port}/${database}`,
  }
  return { settings: success(settings), connectMs: seconds === undefined ? undefined : seconds * 1_000 }
}

function noUser(problems: Problems): string {
  problems.add(
    "connection.user",
    "is not given, and the operating system has no name for this process's user",
    "Give user, or set PGUSER",
  )
  return ""
}

const EXAMPLE = "DATABASE_URL=postgres://user:password@host:5432/database"

const NOBODY_SAID =
  `No database is configured: there is no connection option, and of DATABASE_URL, ${PLACE_VARIABLES.join(", ")} none is set. ` +
  `Set ${EXAMPLE}, or give the connection option.`

function blank(path: string, value: unknown): string {
  return (
    `No database is configured: the option ${path} was given, but it is ${show(value)}. ` +
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
