import type { Section } from "./check.ts"
import { parseConnectionString } from "./connection-string.ts"
import { namesPlace, variable, type Environment } from "./environment.ts"
import { numberIn, type Loose } from "./pool-config-limits.ts"

/** `pg`'s names for what the driver has under others, and libpq's keyword for it. */
const NAMES = [
  ["host", "host", "host"],
  ["user", "user", "user"],
  ["database", "database", "dbname"],
  ["password", "password", "password"],
  ["application_name", "applicationName", "application_name"],
  ["options", "options", "options"],
] as const

/** Settings of the session that `pg` sends when it connects. */
const SETTINGS = ["statement_timeout", "lock_timeout", "idle_in_transaction_session_timeout"] as const

/**
 * Where to connect, in the order of `pg`: the connection string wins over what is beside it, that over `PG*`, and where nothing is
 * said it is localhost. `DATABASE_URL` is not read, as `pg` does not.
 */
export function connectionOf(section: Section, env: Environment): Loose {
  const text = section.value("connectionString")
  const url = typeof text === "string" && text !== "" ? readUrl(text) : undefined
  const own: Loose = {}
  for (const [theirs, ours, keyword] of NAMES) {
    const value = section.value(theirs)
    if (value && !url?.keywords.has(keyword)) own[ours] = value
  }
  own["applicationName"] ??= url?.keywords.has("application_name")
    ? undefined
    : section.value("fallback_application_name")
  const port = numberIn(section, "port")
  if (port !== undefined && !url?.keywords.has("port")) own["port"] = port
  if (section.value("keepAlive") === false) own["keepAlive"] = false
  if (section.flag("enableChannelBinding") === true) own["channelBinding"] = "prefer"
  const options = sessionOptions(section, own["options"] ?? url?.keywords.get("options") ?? variable(env, "PGOPTIONS"))
  if (options !== undefined) own["options"] = options
  const tls =
    url?.tls ?? sslOf(section.value("ssl")) ?? tlsOfMode(variable(env, "PGSSLMODE"), variable(env, "PGSSLROOTCERT"))
  const host = own["host"] ?? url?.keywords.get("host") ?? variable(env, "PGHOST")
  // TLS is not for Unix sockets.
  if (typeof host !== "string" || !host.startsWith("/")) Object.assign(own, tls)

  if (url !== undefined) own["connectionString"] = url.text
  else if (!PLACES.some((key) => own[key] !== undefined) && !namesPlace(env)) {
    // A variable that is not set must not lead to another database.
    if (section.mentions("connectionString")) return { connectionString: undefined }
    own["host"] = "localhost"
  } else if (own["host"] === undefined) own["host"] = variable(env, "PGHOST") ?? "localhost"
  return Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
}

const PLACES = ["host", "port", "user", "database"]

function sessionOptions(section: Section, before: unknown): string | undefined {
  const parts = typeof before === "string" ? [before] : []
  for (const name of SETTINGS) {
    const ms = numberIn(section, name)
    if (ms !== undefined && ms > 0) parts.push(`-c ${name}=${Math.trunc(ms)}`)
  }
  return parts.length === 0 ? undefined : parts.join(" ")
}

interface Url {
  readonly text: string
  readonly keywords: ReadonlyMap<string, string>
  readonly tls: Loose | undefined
}

/** In a URL TLS is asked for in the words of `pg`, whose `require` verifies; unless it says `uselibpqcompat=true`. */
function readUrl(text: string): Url {
  const parsed = parseConnectionString(text)
  const keywords = parsed.ok ? parsed.values : new Map<string, string>()
  const libpq = keywords.get("uselibpqcompat") === "true" || !/^postgres(?:ql)?:\/\//.test(text)
  const mode = keywords.get("sslmode") ?? SSL_WORDS[keywords.get("ssl") ?? ""]
  if (libpq || mode === undefined || mode === "allow") return { text, keywords, tls: undefined }
  const tls = tlsOfMode(mode, keywords.get("sslrootcert"))
  return { text: withoutTls(text), keywords, tls }
}

const SSL_WORDS: Readonly<Record<string, string>> = {
  true: "verify-full",
  "1": "verify-full",
  false: "disable",
  "0": "disable",
  "no-verify": "no-verify",
}

function withoutTls(text: string): string {
  const [before = "", query] = text.split(/\?(.*)/s)
  if (query === undefined) return text
  const rest = query.split("&").filter((part) => !/^(?:ssl|sslmode|sslrootcert)=/.test(part))
  return rest.length === 0 ? before : `${before}?${rest.join("&")}`
}

function tlsOfMode(mode: string | undefined, rootcert: string | undefined): Loose | undefined {
  switch (mode) {
    case "disable":
      return { sslmode: "disable" }
    case "prefer":
    case "require":
    case "verify-ca":
    case "verify-full":
      return { sslmode: "verify-full", sslrootcert: rootcert ?? "system" }
    case "no-verify":
      return { ssl: { rejectUnauthorized: false } }
    default:
      return undefined
  }
}

function sslOf(ssl: unknown): Loose | undefined {
  if (ssl === undefined || ssl === null) return undefined
  if (ssl === "true") return { ssl: true }
  return { ssl: ssl === "no-verify" ? { rejectUnauthorized: false } : ssl }
}
