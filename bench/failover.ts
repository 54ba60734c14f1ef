import { setTimeout as pause } from "node:timers/promises"

import { createEngine, MARKER_MIGRATION, type Engine, type DriverOptions } from "@kysely-resilient/driver"
import { startEmbeddedPostgres, startFaultProxy, type FaultProxy, type OwnServer } from "@kysely-resilient/testing"
import { CompiledQuery } from "kysely"
import pg from "pg"

import { makeStandby } from "../test/support/standby.ts"

/** What ten callers were told while their server failed over, and what the new one holds. */
export interface FailedOver {
  /** From the promotion to the first write that is answered after it, milliseconds. */
  readonly firstMs: number
  /** The same of the caller who waited longest. */
  readonly lastMs: number
  /** From the end of the primary to the promotion, milliseconds. */
  readonly downMs: number
  readonly answered: number
  readonly errors: readonly string[]
  /** Each with a token. */
  readonly unknown: number
  /** Told that it is there, and it is not. */
  readonly lost: number
  readonly duplicated: number
}

const CALLERS = 10

const text = (sql: string, ...parameters: unknown[]): CompiledQuery => CompiledQuery.raw(sql, parameters)

async function connected(server: OwnServer): Promise<pg.Client> {
  const client = new pg.Client(server.url)
  client.on("error", () => {})
  await client.connect()
  return client
}

/** Read and write in turn, all the time, and keep what they were told. */
class Callers {
  readonly errors: string[] = []
  readonly acknowledged: string[] = []
  unknown = 0
  answered = 0
  /** Of each caller, when its writes were answered. */
  readonly writtenAt: number[][] = []
  readonly #over = new AbortController()
  readonly #running: Promise<void>[]

  constructor(engine: Engine) {
    this.#running = Array.from({ length: CALLERS }, (_, caller) => this.#call(engine, caller))
  }

  async #call(engine: Engine, caller: number): Promise<void> {
    const writtenAt: number[] = []
    this.writtenAt[caller] = writtenAt
    for (let nth = 0; !this.#over.signal.aborted; nth += 1) {
      const id = `${caller}-${nth}`
      const read = await engine.run(text("select count(*) from ledger where id = $1", id))
      const wrote = await engine.run(text("insert into ledger values ($1)", id))
      if (wrote.ok) {
        this.acknowledged.push(id)
        writtenAt.push(performance.now())
      }
      for (const settled of [read, wrote]) {
        if (settled.ok) this.answered += 1
        else if (settled.failure.effect === "unknown" && settled.failure.token !== undefined) this.unknown += 1
        else this.errors.push(`${settled.failure.kind}: ${settled.failure.message}`)
      }
      await pause(1)
    }
  }

  async end(): Promise<void> {
    this.#over.abort()
    await Promise.all(this.#running)
  }
}

/**
 * One address, a primary behind it and a synchronous standby, which follows it. The primary is stopped immediately; the standby is promoted
 * at once, and the address leads to it from then on, also while it only reads. Servers of its own: a pair fails over once.
 */
export async function failOver(resolution: NonNullable<DriverOptions["resolution"]>): Promise<FailedOver> {
  const [primary, standby] = await Promise.all([startEmbeddedPostgres(), startEmbeddedPostgres()])
  let proxy: FaultProxy = await startFaultProxy({ target: primary })
  const address = proxy.url(primary.url)
  try {
    await makeStandby(standby, primary, "following")
    const admin = await connected(primary)
    for (const statement of [...MARKER_MIGRATION.up, "create table ledger (id text)"]) await admin.query(statement)
    await admin.query("alter system set synchronous_standby_names = '*'")
    await admin.query("select pg_reload_conf()")
    const own = await connected(standby)

    const engine = createEngine({ connection: address, pool: { max: CALLERS }, resolution })
    const callers = new Callers(engine)
    await pause(500 + Math.random() * 500)
    const downAt = performance.now()
    const promoting = Promise.all([primary.stopImmediate(), own.query("select pg_promote()")])
    await proxy.close()
    proxy = await startFaultProxy({ target: standby, port: Number(new URL(address).port) })
    await promoting
    const promotedAt = performance.now()
    await pause(3_000)
    await callers.end()
    await engine.close()

    const firsts = callers.writtenAt.map((all) => (all.find((at) => at >= promotedAt) ?? Infinity) - promotedAt)
    const { rows } = await own.query<{ id: string; count: string }>("select id, count(*) from ledger group by id")
    const held = new Set(rows.map(({ id }) => id))
    await own.end()
    await admin.end()
    return {
      firstMs: Math.min(...firsts),
      lastMs: Math.max(...firsts),
      downMs: promotedAt - downAt,
      answered: callers.answered,
      errors: callers.errors,
      unknown: callers.unknown,
      lost: callers.acknowledged.filter((id) => !held.has(id)).length,
      duplicated: rows.filter(({ count }) => count !== "1").length,
    }
  } finally {
    await proxy.close()
    await Promise.all([standby.stop(), primary.stop()])
  }
}
