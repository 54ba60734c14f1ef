import type { HealthStatus, ResilienceReport } from "@kysely-resilient/core"
import type { DriverEvent } from "@kysely-resilient/driver"

/**
 * What the event stream sends: `type` is the name of the server-sent event, `data` its JSON. `hello` and `report` are sent to every client
 * when it comes; then everything that is remembered of the last 15 minutes, in order; then what happens.
 */
export type LiveMessage =
  | { readonly type: "hello"; readonly data: LiveHello }
  | { readonly type: "report"; readonly data: ResilienceReport }
  | { readonly type: "sample"; readonly data: LiveSample }
  | { readonly type: "event"; readonly data: LiveEvent }

/** Who speaks. */
export interface LiveHello {
  /** Another one after every start of the process: what was remembered of the one before belongs to it. */
  readonly instance: string
  /** Milliseconds between two samples. */
  readonly sample_every_ms: number
  /** How far back memory goes. */
  readonly remembered_ms: number
  /** What may be asked for by `POST …/actions/<name>`; empty where nothing may. */
  readonly actions: readonly { readonly name: string; readonly title: string }[]
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
  /** Since memory began. */
  readonly retries: number
  /** Statements whose caller got an error that the server is to blame for; since memory began. */
  readonly surfaced_errors: number
  /** Of the last minute. */
  readonly success_ratio: number
  readonly p50_s: number
  readonly p95_s: number
  readonly p99_s: number
  readonly pool: {
    readonly max: number
    readonly idle: number
    readonly used: number
    readonly opening: number
    readonly waiting: number
    readonly generation: number
    readonly outage_s: number | null
  }
  readonly circuit: ResilienceReport["circuit"]["state"]
  readonly retry_budget: number | null
}

/**
 * Something that happened, or the same thing many times within a sample's second. `query.recovered`: a statement succeeded whose first try
 * had failed. Statements that just succeed are counted by the samples.
 */
export interface LiveEvent {
  /** The first time, milliseconds since the epoch. */
  readonly at_ms: number
  /** The last time. */
  readonly until_ms: number
  readonly name: Exclude<DriverEvent["name"], "query.succeeded"> | "query.recovered" | "health.changed" | "others"
  readonly count: number
  /** What went wrong, where something did: a kind of error, and whose fault it is. */
  readonly kind?: string
  readonly sql_state?: string
  readonly blame?: "server" | "statement" | "client"
  /** What the server has done. */
  readonly effect?: "not_applied" | "applied" | "applied_locally" | "unknown"
  /** Why a statement was not tried again; why a connection was closed, a transaction rolled back, a statement abandoned. */
  readonly reason?: string
  /** The name that its caller gave it. */
  readonly label?: string
  /** Without parameters and without literals. */
  readonly sql?: string
  /** The longest of them. */
  readonly duration_ms?: number
  readonly connection_id?: number
  /** Of `health.changed`. */
  readonly from?: HealthStatus
  readonly to?: HealthStatus
}
