import type { BuggifyKind } from "./foundation/buggify-kind.ts"
import type { Backoff } from "./policy/backoff.ts"
import type { RetryBudget } from "./policy/budget.ts"
import type { DriverEvent } from "./telemetry/events.ts"

/**
 * What can be configured; everything has a default. Options are checked when the driver is made: whatever is unknown,
 * wrong or contradictory throws one `OptionsError` with all of it. Durations are milliseconds, from 1 to 2,147,483,647
 * (24.8 days, the longest that Node's timers take).
 */
export interface DriverOptions {
  /**
   * A connection string (a `postgres://` URL, or `keyword=value` pairs, in libpq's words) or an object. Default: the
   * environment variable `DATABASE_URL`; then libpq's `PG*` variables, which also fill in what a connection string
   * leaves open. If nothing says which database is meant, the first operation fails and says so. So it does if this is
   * given and is `undefined` or empty: a variable that is not set never leads to another database.
   */
  readonly connection?: string | ConnectionOptions | undefined
  readonly pool?: PoolLimits
  readonly timeouts?: TimeoutOptions
  /** `false`: every statement is tried once, and no outage is waited for. */
  readonly retry?: false | RetryOptions
  /**
   * How it is found out what became of a COMMIT that nobody answered. Default `"xid"`: by the transaction's number, without any
   * schema; where the server itself has restarted in between, the effect may stay unknown. `"marker"`: by a row in a table
   * (`MARKER_MIGRATION`), which costs an INSERT per transaction and is right across crash, failover and poolers; without the table,
   * or the right to write to it, as `"xid"`. `"off"`: not at all; such an error says `effect: "unknown"`.
   */
  readonly resolution?: "off" | "xid" | "marker"
  /**
   * Also for writes outside of transactions, which then travel in two flights instead of one. `false` saves the round trip; a write
   * whose answer is lost is then `unknown`, and not repeated. Default `true`.
   */
  readonly resolveAutocommit?: boolean
  /**
   * When nothing but failures has come from the server for `afterMs`, whoever asks is told so at once (`circuit_open`, with
   * `retryAfterMs`), until a connection of the pool's own could be opened. `false`: everybody waits for `retry.outageWaitMs`.
   */
  readonly circuit?: false | CircuitOptions
  /**
   * What becomes of a transaction that raw SQL began and that is still open when its connection is given back, with no failed statement
   * in it. Default `"rollback"`. `"commit"` keeps half-done work; `"discard"` closes the connection, which rolls back.
   */
  readonly orphanedTransaction?: "rollback" | "commit" | "discard"
  /**
   * Once per physical connection, before anybody gets it: for `SET`, `LISTEN` and the like. If it throws or rejects, or
   * leaves a transaction open, the connection is closed and counts as not opened. It runs again after its session was
   * reset because raw SQL had left something in it.
   */
  readonly onConnect?: (connection: {
    query(text: string, parameters?: readonly unknown[]): Promise<unknown>
  }) => Promise<void>
  /**
   * Events about transactions say where in the program they were begun, which costs microseconds per transaction. Default: on
   * if NODE_ENV is `development` or `test`.
   */
  readonly callSites?: boolean
  /**
   * What this database is called in metrics, traces and channels, if the process has several. Default: host, port and database. Where
   * another has the name already, a number is added.
   */
  readonly name?: string
  /**
   * Every statement says behind its text, in a comment, who sends it, for those who read `pg_stat_activity` or the server's log:
   * `application`, `db_driver`, the `action` (the name that a statement, or its transaction, was given), and in `createDatabase`
   * the `route` of the request. Texts in events, errors and traces are without it. `true`, or an object for more. Default `false`.
   */
  readonly sqlComments?: boolean | SqlCommentOptions
  /** Told of every event, synchronously. Must not block; what it throws is counted and dropped. */
  readonly observer?: (event: DriverEvent) => void
  /** `true`: one line to standard error for every noteworthy event. A function is given those events instead. Default `false`. */
  readonly log?: boolean | ((event: DriverEvent) => void)
  /**
   * For tests: makes rare failures common, each of them really, so that an application meets them before its users do. Refused where
   * `NODE_ENV` is `production`; says so on standard error whenever a driver is made with it. Default `false`.
   */
  readonly buggify?: false | BuggifyOptions
}

export interface SqlCommentOptions {
  /** What is said as `application`. Default: the connection's `applicationName`, if it has one. */
  readonly application?: string
  /**
   * What else is to be said, asked for each statement in the context of its caller; an undefined value is not. At most 16 tags, and
   * 256 characters of each value, are sent. What it throws is counted (`observer_failures`), and its tags left out.
   */
  readonly tags?: () => Readonly<Record<string, string | undefined>> | undefined
}

export interface BuggifyOptions {
  /** From 0 to 4,294,967,295. The same seed strikes at the same occasions (the third statement, the first COMMIT) again. Print it. */
  readonly seed: number
  /** How often each kind strikes when it could, above 0, up to 1. Default 0.05. */
  readonly probability?: number
  /** Which kinds of trouble. Default: all. */
  readonly kinds?: readonly BuggifyKind[]
  /** How long a slow answer or an exhausted pool lasts at most, milliseconds. Default 100. */
  readonly slowMs?: number
}

/**
 * Where to connect, as whom and how. What is not given here comes from `connectionString`, then from `PG*`, then from
 * libpq's defaults: host `localhost` (as with pg, not a Unix socket), port 5432, the operating system's user, and a
 * database of the user's name.
 */
export interface ConnectionOptions {
  /** Default: `DATABASE_URL`, unless host, port, user or database is given. */
  readonly connectionString?: string | undefined
  /** A name, an address, or the directory of a Unix socket (begins with `/`). One host. */
  readonly host?: string
  readonly port?: number
  readonly user?: string
  /** A function is asked for every physical connection, and once more if the server refuses what it gave: for passwords that expire. Default: PGPASSWORD, then `~/.pgpass`. */
  readonly password?: string | (() => string | Promise<string>)
  readonly database?: string
  /**
   * As libpq means it: `require` encrypts and verifies only where there is a root certificate; `verify-full` is what
   * production wants. Absent: no TLS. TLS says it in libpq's words here, or in Node's in `ssl`; not in both.
   */
  readonly sslmode?: "disable" | "allow" | "prefer" | "require" | "verify-ca" | "verify-full"
  /** A PEM file of certificates to trust, or `system`. Default: `~/.postgresql/root.crt` if that exists. */
  readonly sslrootcert?: string
  /** A PEM file with the client's certificate. Default: `~/.postgresql/postgresql.crt` if that exists. */
  readonly sslcert?: string
  /** A PEM file with its private key. Default: `~/.postgresql/postgresql.key` if that exists. */
  readonly sslkey?: string
  /** `true`: TLS, with certificate and host name verified against the roots that Node trusts. An object changes that. */
  readonly ssl?: boolean | SslOptions
  /** SCRAM bound to the TLS channel: if the server offers it, or nothing else. Default `"disable"`, as pg. */
  readonly channelBinding?: "disable" | "prefer" | "require"
  /** Shown in `pg_stat_activity`. */
  readonly applicationName?: string
  /** Settings of the session, as on a server's command line: `-c search_path=app`. Older poolers refuse them. */
  readonly options?: string
  /** TCP keep-alive, which finds out that the other end is gone. Default `true`. Not `pool.keepAlive`, which is about the process. */
  readonly keepAlive?: boolean
}

/** Certificates and keys, as Node's `tls.connect` takes them. */
export interface SslOptions {
  /** Whom to trust instead of Node's own roots. PEM. */
  readonly ca?: CertificateData | readonly CertificateData[]
  readonly cert?: CertificateData | readonly CertificateData[]
  readonly key?: CertificateData | readonly CertificateData[]
  readonly passphrase?: string
  readonly pfx?: CertificateData | readonly CertificateData[]
  readonly crl?: CertificateData | readonly CertificateData[]
  readonly ciphers?: string
  readonly minVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"
  readonly maxVersion?: "TLSv1" | "TLSv1.1" | "TLSv1.2" | "TLSv1.3"
  /** `false` encrypts and verifies nothing. Default `true`. */
  readonly rejectUnauthorized?: boolean
  /** The name to verify where the host is an address. */
  readonly servername?: string
  checkServerIdentity?(hostname: string, certificate: object): Error | undefined
}

export type CertificateData = string | Uint8Array

export interface PoolLimits {
  /** Connections to keep, however quiet it is. Opened from the first operation or `ready()` on. Default 2, or `max` if that is less. */
  readonly min?: number
  /** Default 20. All processes together must stay below the server's `max_connections`. */
  readonly max?: number
  /** How long an operation may wait for a connection, milliseconds. Default 30,000. */
  readonly acquireTimeoutMs?: number
  /** How many operations may wait at once; more are refused. Default 100,000. */
  readonly waitersMax?: number
  /** After this much rest a connection above `min` is closed, milliseconds. Default 30,000. */
  readonly idleTimeoutMs?: number
  /** After this long, give or take 10 %, a connection is replaced, milliseconds. Default 1,800,000. Lower it if the network cuts sooner. */
  readonly maxLifetimeMs?: number
  /** After this much rest a connection is checked before it is used, milliseconds. Default 5,000; 0 checks always. */
  readonly validateAfterIdleMs?: number
  /** Do idle connections keep the process alive? Default `false`. */
  readonly keepAlive?: boolean
  /**
   * Under lasting overload, give up those who have waited long (`pool_timeout`, with `retryAfterMs`), so that others are served soon.
   * Default `false`: everybody is served in order, or waits for as long as he may.
   */
  readonly shedding?: false | SheddingOptions
}

/** When is it lasting, and what is long? */
export interface SheddingOptions {
  /** Whoever has waited for longer is given up when it is his turn, unless nobody is behind him, milliseconds. Default 100. */
  readonly targetMs?: number
  /** Only while there has always been somebody in line for so long, milliseconds. Default 1,000. */
  readonly intervalMs?: number
}

export interface TimeoutOptions {
  /** Opening one connection, log-in included, milliseconds. Default: `connect_timeout` if that is given, else 5,000. */
  readonly connectMs?: number
  /** One statement with all its attempts and waits, milliseconds. Default: none. */
  readonly queryMs?: number
  /**
   * How long a statement that nobody waits for may take to stop before its connection is closed, milliseconds. Default 1,000.
   * Once the server has had the cancel request, a connection that stays silent is closed after 100.
   */
  readonly cancelMs?: number
  /**
   * A transaction is ended when it takes longer, milliseconds: Kysely's own, and those of `createDatabase` that do not say
   * otherwise. Default: none for Kysely's, 30,000 for those of `createDatabase`.
   */
  readonly transactionMs?: number
  /**
   * A transaction that is open for longer is told of (`transaction.held-too-long`), and a connection that a callback holds for longer
   * (`connection.held-too-long`), milliseconds. Default 10,000; 0 never tells.
   */
  readonly heldTooLongMs?: number
  /**
   * A connection that keeps its caller waiting and has been silent for so long is given up, milliseconds, if its server,
   * asked over another connection, has nothing to do for it: then the network has swallowed it. A statement that just takes
   * long is left alone. Default 1,000; 0 never asks. Behind a pooler nobody can be asked.
   */
  readonly stallMs?: number
}

export interface CircuitOptions {
  /** So many lost connections and failed openings, at least. Default 3. */
  readonly failuresMin?: number
  /** All of them within so long, milliseconds. Default 30,000. */
  readonly windowMs?: number
  /** And nothing else, no success, for so long, milliseconds. Default 5,000, or `retry.outageWaitMs` if that is more. */
  readonly afterMs?: number
}

export interface RetryOptions {
  /** Tries that got a connection, the first one included. Default 3. */
  readonly attemptsMax?: number
  /**
   * The wait after lost connections, and while the server is short of something: at most `baseMs`, doubling up to `maxMs`. It is
   * over early when a connection can be opened again. Default 500 and 5,000.
   */
  readonly slow?: Partial<Backoff>
  /** The wait after conflicts between transactions. Default 10 and 250. */
  readonly quick?: Partial<Backoff>
  /** How long an operation waits for a server that cannot be reached, or takes no writes any more, milliseconds. Default 5,000; 0 fails at once. */
  readonly outageWaitMs?: number
  /**
   * What all operations together may try again, so that a server that fails is not asked all the more. A retry after a lost
   * connection takes one, one after a conflict between transactions a tenth; what succeeds earns `ratio`, up to `burst`. When
   * it is spent, failures are told instead (`because: "budget-spent"`). `false`: no such limit. Default 0.1 and 100.
   */
  readonly budget?: false | Partial<RetryBudget>
}
