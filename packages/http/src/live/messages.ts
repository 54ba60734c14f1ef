import type { HealthStatus, ReportedAdvice, ResilienceReport } from "@kysely-resilient/core"
import type { ConnectionSnapshot, DriverEvent } from "@kysely-resilient/driver"

/**
 * What the event stream sends: `type` is the name of the server-sent event, `data` its JSON. `hello` and `report` are sent to every client
 * when it comes; then everything that is remembered of the last 15 minutes (samples and events), in order; then what happens.
 */
export type LiveMessage =
  | { readonly type: "hello"; readonly data: LiveHello }
  | { readonly type: "report"; readonly data: ResilienceReport }
  | { readonly type: "sample"; readonly data: LiveSample }
  | { readonly type: "event"; readonly data: LiveEvent }
  | { readonly type: "connections"; readonly data: LiveConnections }
  | { readonly type: "queries"; readonly data: LiveQueries }
  | { readonly type: "database"; readonly data: LiveDatabase }

/** Who speaks. */
export interface LiveHello {
  /** Another one after every start of the process: what was remembered of the one before belongs to it. */
  readonly instance: string
  /** Milliseconds between two samples. */
  readonly sample_every_ms: number
  /** How far back memory goes. */
  readonly remembered_ms: number
  /** What may be asked for by `POST …/actions/<name>`; empty where nothing may. */
  readonly actions: readonly { readonly name: string; readonly title: string; readonly about?: string }[]
  /** Where Prometheus finds the metrics of this process, if it does. */
  readonly metrics_path: string | null
}

/** One second of a database; the numbers are those of the report of the same moment. */
export interface LiveSample {
  /** Milliseconds since the epoch. */
  readonly at_ms: number
  readonly status: HealthStatus
  /** Since the start of the process, as the report counts. */
  readonly total_queries: number
  readonly failed_queries: number
  readonly reconnections: number
  readonly transaction_rollbacks: number
  readonly pool_resets: number
  /** Statements that were tried again, transactions and functions that ran again; since memory began. */
  readonly retries: number
  /** Statements whose caller got an error that the server is to blame for; since memory began. */
  readonly surfaced_errors: number
  /** Of the last minute. */
  readonly success_ratio: number
  readonly p50_s: number
  readonly p95_s: number
  readonly p99_s: number
  readonly pool: LivePool & { readonly generation: number; readonly outage_s: number | null }
  readonly circuit: ResilienceReport["circuit"]["state"]
  readonly retry_budget: number | null
  /** Since the sample before. */
  readonly since_last: LiveSecond
}

/** What ended since the sample before. */
export interface LiveSecond {
  readonly queries: number
  /** Statements whose first try failed of the server. */
  readonly failed: number
  readonly p50_s: number
  readonly p95_s: number
  readonly p99_s: number
  readonly max_s: number
  /** How many got a connection, and how long they waited for it on average. */
  readonly acquired: number
  readonly wait_s: number
}

/** The pool and its connections, of one moment; only sent while somebody watches, several times a second. */
export interface LiveConnections {
  readonly at_ms: number
  readonly pool: LivePool
  readonly open: readonly LiveConnection[]
}

export interface LivePool {
  readonly max: number
  readonly idle: number
  readonly used: number
  readonly opening: number
  readonly waiting: number
}

export interface LiveConnection {
  /** As events have it. */
  readonly id: number
  /** The server's process, as in pg_stat_activity. */
  readonly process_id: number
  readonly state: ConnectionSnapshot["state"]
  /** In use, or idle, since; milliseconds since the epoch. */
  readonly since_ms: number
  readonly opened_ms: number
  readonly uses: number
  readonly summary?: string
  /** What runs: without parameters and without literals. */
  readonly sql?: string
}

/** What took the most time since the start, most first. */
export interface LiveQueries {
  readonly at_ms: number
  readonly top: readonly LiveQuery[]
  /** Of all statements, those not shown included. */
  readonly total_s: number
}

export interface LiveQuery {
  /** As OpenTelemetry names it: "SELECT users". */
  readonly summary: string
  /** One of the statements that are called so, without literals. */
  readonly sql: string
  readonly calls: number
  readonly total_s: number
  readonly p50_s: number
  readonly p95_s: number
  readonly max_s: number
  /** Their first try failed of the server. */
  readonly failed: number
  readonly retries: number
  readonly last_ms: number
}

/** What the server says of itself; asked in the background, and only while somebody watches. */
export interface LiveDatabase {
  readonly at_ms: number
  /** Nothing if it could not be had. */
  readonly facts?: DatabaseFacts
  readonly concerns: readonly Concern[]
  /** Why it could not be had: a kind of error. */
  readonly error?: string
  /** What an examination found; it is done now and then. */
  readonly advice: readonly ReportedAdvice[]
}

export interface DatabaseFacts {
  readonly version: string
  readonly primary: boolean
  readonly up_s: number
  /** Since it recovered from a crash in which its first process lived on; null if there was none, or if its role may not see it. */
  readonly recovered_s: number | null
  readonly database: string
  readonly size_bytes: number | null
  readonly max_connections: number
  /** Of those: kept for superusers, and for roles that may use them. */
  readonly reserved_connections: number
  /** Client sessions of the whole server, by state. */
  readonly sessions: Readonly<Record<string, number>>
  readonly longest_transaction_s: number | null
  /** Who waits for a lock, and for whom. */
  readonly blocked: readonly { readonly pid: number; readonly by: readonly number[]; readonly for_s: number }[]
  readonly dead_rows: number
  readonly live_rows: number
  /** In how many tables there are so many dead rows that the advice speaks of it. */
  readonly tables_to_vacuum: number
  /** Share of the blocks that were found in memory; null if none was read. */
  readonly cache_hit_ratio: number | null
  /** Of the two thousand million transaction ids that there are before a database must stop. */
  readonly xid_used_ratio: number
  /** The oldest, in multiples of the age from which autovacuum sees to it. */
  readonly xid_age_ratio: number
  /** The slowest standby; null if there is none. */
  readonly replication_lag_s: number | null
}

/** What of the facts is worth a look, by the thresholds of the advice. */
export type Concern = "sessions" | "transaction" | "locks" | "dead_rows" | "transaction_ids" | "replication" | "crash"

/**
 * Something that happened, or the same thing many times within a sample's second. `query.recovered`: a statement succeeded whose first try
 * had failed. Statements that just succeed are counted by the samples.
 */
export interface LiveEvent {
  /** The first time, milliseconds since the epoch. */
  readonly at_ms: number
  /** The last time. */
  readonly until_ms: number
  readonly name:
    | Exclude<DriverEvent["name"], "query.succeeded">
    | "query.recovered"
    | "health.changed"
    | "action.started"
    | "others"
  readonly count: number
  /** What went wrong, where something did: a kind of error, and whose fault it is. */
  readonly kind?: string
  readonly sql_state?: string
  readonly blame?: "server" | "statement" | "client"
  /** What the server has done. */
  readonly effect?: "not_applied" | "applied" | "applied_locally" | "unknown"
  /** Of a statement. */
  readonly access?: "read" | "write"
  /** What becomes of that is told as a whole. */
  readonly part_of?: "transaction"
  /** What became of a COMMIT was found out only after its caller had been told that nobody knows. */
  readonly late?: true
  /** Why a statement was not tried again; why a connection was closed, a transaction rolled back, a statement abandoned. */
  readonly reason?: string
  /** The name that its caller gave it. */
  readonly label?: string
  /** "SELECT users": of a statement. */
  readonly summary?: string
  /** Without parameters and without literals. */
  readonly sql?: string
  /** The longest of them. */
  readonly duration_ms?: number
  readonly connection_id?: number
  /** Of `health.changed`. */
  readonly from?: HealthStatus
  readonly to?: HealthStatus
}
