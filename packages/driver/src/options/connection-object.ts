import type { Keys, Section } from "./check.ts"
import type { Given } from "./given.ts"
import { isPasswordFunction } from "./password.ts"
import { SSL_MODES } from "./tls.ts"

export const CHANNEL_BINDINGS = ["disable", "prefer", "require"] as const

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
export const PLACE_KEYS = ["host", "port", "user", "database"] as const

export const CONNECTION_KEYS: Keys = {
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

/** The object form in libpq's words. */
export function fromOptions(options: Section): Map<string, Given> {
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

/** TLS in libpq's words or in Node's. */
export function refuseBoth(options: Section): void {
  for (const key of ["sslmode", "sslrootcert", "sslcert", "sslkey"]) {
    if (!options.has(key)) continue
    options.wrong(key, "is given beside ssl, and either of them says how to do TLS", "Remove one of the two")
  }
}
