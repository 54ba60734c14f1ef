import type { Database, ResilienceReport } from "@kysely-resilient/core"
import type { Clock, ConnectionSnapshot, DriverEvent } from "@kysely-resilient/driver"

import { LiveAudience } from "./audience.ts"
import { encode, HEARTBEAT, OPENING } from "./encode.ts"
import { Inquiry } from "./inquiry.ts"
import { shown } from "./live-events.ts"
import { Memory } from "./memory.ts"
import type {
  LiveConnection,
  LiveDatabase,
  LiveEvent,
  LiveHello,
  LiveMessage,
  LiveSample,
  LiveSecond,
} from "./messages.ts"
import { Second } from "./second.ts"
import { Tally } from "./tally.ts"
import { TopQueries } from "./top-queries.ts"

export type Watched = Pick<Database<unknown>, "report" | "observe" | "snapshot" | "connections" | "query">

export interface LiveParts {
  readonly db: Watched
  readonly clock: Clock
  /** Another one for every start. */
  readonly instance: string
  readonly clientsMax: number
  readonly actions: LiveHello["actions"]
  readonly metricsPath: string | null
  /** Asks the server about itself while somebody watches. */
  readonly inquire: boolean
}

const SAMPLE_EVERY_MS = 1_000
/** A statement takes milliseconds: whoever looks once a second sees an idle pool. */
const CONNECTIONS_EVERY_MS = 250
/** What nobody can read is not sent. */
const CONNECTIONS_MAX = 200
const REMEMBERED_MS = 15 * 60_000
/** Fifteen minutes of samples are a third of it. */
const REMEMBERED_BYTES_MAX = 1024 * 1024
const HEARTBEAT_EVERY_MS = 15_000
/** What only grows older in a report is told by the samples; the whole of it now and then, and while something is wrong with each. */
const REPORT_EVERY_MS = 10_000

/** Of a statement, of a transaction as a whole, of a resilient function. */
const RETRIES: ReadonlySet<DriverEvent["name"]> = new Set(["query.retried", "transaction.rerun", "operation.rerun"])

/** What happens to one database, second by second: remembered for 15 minutes, and sent to whoever watches. */
export class Live {
  readonly #parts: LiveParts
  readonly #memory = new Memory({ ageMs: REMEMBERED_MS, bytesMax: REMEMBERED_BYTES_MAX })
  readonly #audience: LiveAudience
  readonly #tally = new Tally()
  readonly #second = new Second()
  readonly #queries = new TopQueries()
  readonly #inquiry: Inquiry | undefined
  readonly #leave: () => void
  #retries = 0
  #surfaced = 0
  #last: ResilienceReport | undefined
  #reportedAt = Number.NEGATIVE_INFINITY
  #saidAt: number
  #timer: { cancel(): void } | undefined
  #connectionsTimer: { cancel(): void } | undefined
  #draining = false
  #closed = false

  constructor(parts: LiveParts) {
    this.#parts = parts
    this.#audience = new LiveAudience(parts.clientsMax)
    this.#saidAt = parts.clock.now()
    const { db, clock } = parts
    const tell = (data: LiveDatabase): void => this.#audience.send(encode({ type: "database", data }))
    this.#inquiry = parts.inquire ? new Inquiry({ db, clock, tell }) : undefined
    this.#leave = parts.db.observe(this.#hear)
    this.#again()
  }

  get full(): boolean {
    return this.#draining || this.#closed || this.#audience.full
  }

  get clients(): number {
    return this.#audience.size
  }

  /** A stream for one client, from what he has seen last: `Last-Event-ID`, whatever somebody may have written there. */
  open(lastId: string | undefined, signal: AbortSignal | undefined): ReadableStream<Uint8Array> {
    const { instance, actions, metricsPath, db } = this.#parts
    const hello: LiveHello = {
      instance,
      sample_every_ms: SAMPLE_EVERY_MS,
      remembered_ms: REMEMBERED_MS,
      actions,
      metrics_path: metricsPath,
    }
    const first = [OPENING, encode({ type: "hello", data: hello }), encode({ type: "report", data: db.report() })]
    first.push(this.#connections(), this.#topQueries())
    if (this.#inquiry?.last !== undefined) first.push(encode({ type: "database", data: this.#inquiry.last }))
    this.#watchConnections()
    for (const { bytes } of this.#memory.after(this.#sequenceOf(lastId))) first.push(bytes)
    return this.#audience.join(first, signal)
  }

  /** Ends the streams, and lets no new one begin: an open one would keep its server from closing. What happens is still remembered. */
  drain(): void {
    this.#draining = true
    this.#audience.end()
  }

  close(): void {
    if (this.#closed) return
    this.#closed = true
    this.#timer?.cancel()
    this.#connectionsTimer?.cancel()
    this.#leave()
    this.#audience.end()
  }

  readonly #hear = (event: DriverEvent): void => {
    this.#second.hear(event)
    this.#queries.hear(event)
    // By far the most of them, and the samples count them.
    if (event.name === "query.succeeded" && event.firstFailure === undefined) return
    if (RETRIES.has(event.name)) this.#retries += 1
    else if (event.name === "query.failed" && event.failure.blame === "server") this.#surfaced += 1
    const now = this.#tally.hear(event)
    if (now !== undefined) this.#tell({ type: "event", data: now })
  }

  #again(): void {
    this.#timer = this.#parts.clock.after(SAMPLE_EVERY_MS, this.#look, { background: true })
  }

  readonly #look = (): void => {
    const { db, clock } = this.#parts
    const report = db.report()
    const at = Date.parse(report.checked_at)
    for (const data of this.#tally.take()) this.#tell({ type: "event", data })
    const before = this.#last?.resilience.status ?? "healthy"
    const { status } = report.resilience
    if (status !== before) this.#tell({ type: "event", data: changed(before, status, at) })
    const second = this.#second.take(db.snapshot().times)
    this.#tell({ type: "sample", data: sampleOf(report, this.#retries, this.#surfaced, second) })
    if (this.#audience.size > 0) {
      this.#audience.send(this.#topQueries())
      this.#inquiry?.look(report)
    }
    const now = clock.now()
    if (status !== "healthy" || now - this.#reportedAt >= REPORT_EVERY_MS || differs(report, this.#last)) {
      this.#reportedAt = now
      // Not remembered: whoever comes is told how things are then.
      this.#audience.send(encode({ type: "report", data: report }))
    }
    if (now - this.#saidAt >= HEARTBEAT_EVERY_MS) {
      this.#saidAt = now
      this.#audience.send(HEARTBEAT)
    }
    this.#last = report
    this.#again()
  }

  /** Somebody has asked for it from outside. */
  acted(name: string): void {
    const at = this.#parts.clock.wallTime()
    this.#tell({ type: "event", data: { name: "action.started", at_ms: at, until_ms: at, count: 1, label: name } })
  }

  #watchConnections(): void {
    this.#connectionsTimer ??= this.#parts.clock.after(CONNECTIONS_EVERY_MS, this.#lookAtConnections, {
      background: true,
    })
  }

  readonly #lookAtConnections = (): void => {
    this.#connectionsTimer = undefined
    if (this.#audience.size === 0) return
    this.#audience.send(this.#connections())
    this.#watchConnections()
  }

  #connections(): Uint8Array {
    const { db, clock } = this.#parts
    // In one breath: a count that is older than the squares beside it looks like a mistake.
    const { max, idle, leased, opening, waiting } = db.snapshot().pool
    const open = db.connections().slice(0, CONNECTIONS_MAX).map(connectionOf)
    const pool = { max, idle, used: leased, opening, waiting }
    return encode({ type: "connections", data: { at_ms: clock.wallTime(), pool, open } })
  }

  #topQueries(): Uint8Array {
    return encode({ type: "queries", data: this.#queries.read(this.#parts.clock.wallTime()) })
  }

  #tell(message: LiveMessage): void {
    const bytes = encode(message, `${this.#parts.instance}-${this.#memory.next}`)
    this.#memory.keep(bytes, this.#parts.clock.now())
    this.#audience.send(bytes)
  }

  /** Of another start, or nonsense: everything is sent, which starts with a `hello` that says so. */
  #sequenceOf(lastId: string | undefined): number {
    const prefix = `${this.#parts.instance}-`
    return lastId?.startsWith(prefix) === true && /^\d{1,15}$/.test(lastId.slice(prefix.length))
      ? Number(lastId.slice(prefix.length))
      : Number.NaN
  }
}

function changed(from: LiveSample["status"], to: LiveSample["status"], at: number): LiveEvent {
  return { name: "health.changed", at_ms: at, until_ms: at, count: 1, from, to }
}

function connectionOf({
  id,
  processId,
  state,
  since,
  openedAt,
  uses,
  summary,
  sql,
}: ConnectionSnapshot): LiveConnection {
  return {
    id,
    process_id: processId,
    state,
    since_ms: since,
    opened_ms: openedAt,
    uses,
    ...(summary !== undefined && { summary }),
    ...(sql !== undefined && { sql: shown(sql) }),
  }
}

function sampleOf(report: ResilienceReport, retries: number, surfaced: number, second: LiveSecond): LiveSample {
  const { window, pool } = report
  return {
    at_ms: Date.parse(report.checked_at),
    status: report.resilience.status,
    ...report.resilience.metrics,
    retries,
    surfaced_errors: surfaced,
    success_ratio: window.success_ratio,
    p50_s: window.p50_s,
    p95_s: window.p95_s,
    p99_s: window.p99_s,
    pool: {
      max: pool.max,
      idle: pool.idle,
      used: pool.used,
      opening: pool.opening,
      waiting: pool.waiting,
      generation: pool.generation,
      outage_s: pool.outage_s,
    },
    circuit: report.circuit.state,
    retry_budget: report.retries.budget_left,
    since_last: second,
  }
}

/** In something that a sample does not say. */
function differs(now: ResilienceReport, before: ResilienceReport | undefined): boolean {
  if (before === undefined) return true
  const codes = ({ reasons, recommendations, circuit, resolutions }: ResilienceReport): string =>
    JSON.stringify([
      reasons.map(({ code }) => code),
      recommendations.map(({ code, severity }) => [code, severity]),
      circuit.state,
      resolutions,
    ])
  return codes(now) !== codes(before)
}
