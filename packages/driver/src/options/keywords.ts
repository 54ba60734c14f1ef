/** What this driver does with one of libpq's connection parameters. */
export interface Keyword {
  /** The environment variable that libpq reads for it. */
  readonly env?: string
  /** Absent: any value, checked where it is used. */
  readonly only?: readonly string[]
  /** Why other values (or, with an empty `only`, all values) are refused, and what to do instead. */
  readonly why?: string
  readonly hint?: string
}

const LATER = "this driver connects to one host and does not ask what it is; that is later work"
const NO_GSS = "this driver speaks no GSSAPI"

/**
 * Every connection parameter of PostgreSQL 18's libpq (manual, 32.1.2, and 32.15 for the variables). What cannot be done is refused
 * and never ignored, but for two kinds of environment variables, which only matter together with one that is refused
 * (PGSERVICEFILE; PGKRBSRVNAME and PGGSSLIB) and may be there for other programs: they have no `env` here.
 */
export const KEYWORDS: Readonly<Record<string, Keyword>> = {
  host: { env: "PGHOST" },
  hostaddr: { env: "PGHOSTADDR" },
  port: { env: "PGPORT" },
  user: { env: "PGUSER" },
  password: { env: "PGPASSWORD" },
  passfile: { env: "PGPASSFILE" },
  dbname: { env: "PGDATABASE" },
  application_name: { env: "PGAPPNAME" },
  fallback_application_name: {},
  options: { env: "PGOPTIONS" },
  connect_timeout: { env: "PGCONNECT_TIMEOUT" },
  keepalives: {},
  keepalives_idle: {},
  channel_binding: { env: "PGCHANNELBINDING" },
  client_encoding: { env: "PGCLIENTENCODING" },

  sslmode: { env: "PGSSLMODE" },
  sslrootcert: { env: "PGSSLROOTCERT" },
  sslcert: { env: "PGSSLCERT" },
  sslkey: { env: "PGSSLKEY" },
  sslpassword: {},
  sslcrl: { env: "PGSSLCRL" },
  ssl_min_protocol_version: { env: "PGSSLMINPROTOCOLVERSION" },
  ssl_max_protocol_version: { env: "PGSSLMAXPROTOCOLVERSION" },

  // What happens anyway may be said; anything else cannot be done.
  target_session_attrs: { env: "PGTARGETSESSIONATTRS", only: ["any"], why: LATER, hint: "Leave it out" },
  load_balance_hosts: { env: "PGLOADBALANCEHOSTS", only: ["disable"], why: LATER, hint: "Leave it out" },
  sslnegotiation: {
    env: "PGSSLNEGOTIATION",
    only: ["postgres"],
    why: "TLS without PostgreSQL's own negotiation is later work",
    hint: "Leave it out: it costs one round trip per connection",
  },
  sslcertmode: {
    env: "PGSSLCERTMODE",
    only: ["allow"],
    why: "a client certificate is sent if there is one and the server asks for it, as with allow",
    hint: "Leave it out; to send none, leave out sslcert and sslkey",
  },
  sslsni: {
    env: "PGSSLSNI",
    only: ["1"],
    why: "pg always sends the host name in the TLS handshake",
    hint: "Leave it out",
  },
  sslcompression: {
    env: "PGSSLCOMPRESSION",
    only: ["0"],
    why: "TLS compression is unsafe and gone from Node and from PostgreSQL",
    hint: "Leave it out",
  },
  gssencmode: { env: "PGGSSENCMODE", only: ["disable", "prefer"], why: NO_GSS, hint: "Leave it out, or use sslmode" },
  gssdelegation: { env: "PGGSSDELEGATION", only: ["0"], why: NO_GSS, hint: "Leave it out" },
  min_protocol_version: {
    env: "PGMINPROTOCOLVERSION",
    only: ["3.0"],
    why: "pg speaks version 3.0 of the protocol",
    hint: "Leave it out",
  },
  max_protocol_version: {
    env: "PGMAXPROTOCOLVERSION",
    only: ["3.0", "3.2", "latest"],
    why: "pg speaks version 3.0 of the protocol",
    hint: "Leave it out",
  },
  replication: {
    only: ["false", "off", "no", "0"],
    why: "a replication connection takes no ordinary queries",
    hint: "Leave it out",
  },

  service: {
    env: "PGSERVICE",
    only: [],
    why: "connection service files are not read",
    hint: "Write the service's settings into the connection string",
  },
  servicefile: { only: [], why: "connection service files are not read", hint: "Leave it out" },
  require_auth: {
    env: "PGREQUIREAUTH",
    only: [],
    why: "pg cannot be told which authentication methods to accept",
    hint: "Leave it out; channel_binding=require makes sure of SCRAM over TLS",
  },
  requirepeer: {
    env: "PGREQUIREPEER",
    only: [],
    why: "Node cannot see who owns the other end of a Unix socket",
    hint: "Leave it out",
  },
  sslcrldir: {
    env: "PGSSLCRLDIR",
    only: [],
    why: "Node reads revocation lists from one file",
    hint: "Put the lists into one file and give it as sslcrl",
  },
  sslkeylogfile: {
    only: [],
    why: "session keys are not written to files",
    hint: "Leave it out; Node has --tls-keylog",
  },
  keepalives_interval: { only: [], why: "Node cannot set it", hint: "Leave it out; the system's setting holds" },
  keepalives_count: { only: [], why: "Node cannot set it", hint: "Leave it out; the system's setting holds" },
  tcp_user_timeout: {
    only: ["0"],
    why: "Node cannot set it",
    hint: "Leave it out; timeouts.queryMs bounds every wait",
  },
  krbsrvname: { only: [], why: NO_GSS, hint: "Leave it out" },
  gsslib: { only: [], why: NO_GSS, hint: "Leave it out" },
  scram_client_key: { only: [], why: "pg needs the password itself", hint: "Give a password" },
  scram_server_key: { only: [], why: "pg needs the password itself", hint: "Give a password" },
  oauth_issuer: { only: [], why: "pg speaks no OAuth", hint: "Leave it out" },
  oauth_client_id: { only: [], why: "pg speaks no OAuth", hint: "Leave it out" },
  oauth_client_secret: { only: [], why: "pg speaks no OAuth", hint: "Leave it out" },
  oauth_scope: { only: [], why: "pg speaks no OAuth", hint: "Leave it out" },
}

const POOL = "Leave it out and give the pool option, pool: { max: 10 }"
const AS_OPTIONS = "For a server setting write options=-c%20name%3Dvalue, here or in the options of the connection"
const NOT_NEEDED = "Leave it out: nothing here depends on it"

/** Parameters of other clients, which people copy along with a URL, and what to do instead. */
export const FOREIGN_PARAMETERS: Readonly<Record<string, string>> = {
  schema: "Prisma's. Leave it out and write options=-c%20search_path%3Dname, or db.withSchema(name) in Kysely",
  currentSchema: "JDBC's. Leave it out and write options=-c%20search_path%3Dname, or db.withSchema(name) in Kysely",
  search_path: AS_OPTIONS,
  pgbouncer: "Prisma's. Leave it out: no statement is prepared by name here, so poolers need no special mode",
  connection_limit: POOL,
  pool_timeout: "Leave it out and give pool: { acquireTimeoutMs: 30_000 }",
  pool_size: POOL,
  max: POOL,
  min: POOL,
  pool_max_conns: POOL,
  pool_min_conns: POOL,
  socket_timeout: "Leave it out and give timeouts: { queryMs: 30_000 }",
  query_timeout: "Leave it out and give timeouts: { queryMs: 30_000 }",
  connectTimeout: "Write connect_timeout, in seconds, or give timeouts: { connectMs: 5_000 }",
  statement_timeout: AS_OPTIONS,
  lock_timeout: AS_OPTIONS,
  idle_in_transaction_session_timeout: AS_OPTIONS,
  timezone: AS_OPTIONS,
  TimeZone: AS_OPTIONS,
  statement_cache_size: NOT_NEEDED,
  prepared_statements: NOT_NEEDED,
  prepareThreshold: NOT_NEEDED,
  binary_parameters: NOT_NEEDED,
  default_query_exec_mode: NOT_NEEDED,
  supa: NOT_NEEDED,
  workaround: NOT_NEEDED,
  encoding: "Leave it out: everything is UTF-8",
  charset: "Leave it out: everything is UTF-8",
  sslaccept: "Prisma's. Write sslmode=require (encrypt only) or sslmode=verify-full",
  sslidentity: "Prisma's. Write sslcert=… and sslkey=…, both PEM files",
  sslca: "Write sslrootcert=…",
  ApplicationName: "Write application_name",
  username: "Write user",
  database: "Write dbname",
  db: "Write dbname",
}
