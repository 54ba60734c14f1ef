import {
  createDatabase,
  examine,
  type Database,
  type DatabaseOptions,
  type ExamineOptions,
} from "@kysely-resilient/core"
import { databaseUrl, startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"

/**
 * What a sound server is: it does not lose what it has acknowledged, notices clients that are gone, ends what rests or never ends, and
 * can tell what happened. All else is PostgreSQL's own default.
 */
const SOUND = {
  client_connection_check_interval: "10s",
  tcp_keepalives_idle: 60,
  log_lock_waits: true,
  track_io_timing: true,
  shared_preload_libraries: "pg_stat_statements",
  wal_level: "logical",
  max_prepared_transactions: 5,
} as const

/** And a sound application: a role of its own with limits, in a database of its own. */
const SETUP = `
  create role app login password 'app';
  alter role app set statement_timeout = '60s';
  alter role app set lock_timeout = '10s';
  alter role app set idle_in_transaction_session_timeout = '60s';
  create role other login password 'other'`

const TABLES = `
  create extension pg_stat_statements;
  create table customers (id int generated always as identity primary key, email text not null unique, name text);
  create table orders (
    id bigint generated always as identity primary key, customer int not null references customers, placed date, kind text);
  create index orders_customer_placed on orders (customer, placed);
  create index orders_placed on orders (placed);
  create index orders_kind on orders (kind) where kind <> 'usual';
  create index orders_kind_usual on orders (kind) where kind = 'usual';
  create unique index customers_name_email on customers (lower(name), email);
  create index customers_name on customers (name);
  create index customers_name_downwards on customers (name desc);
  create index customers_name_pattern on customers (name text_pattern_ops);
  create index customers_name_c on customers (name collate "C");
  create index customers_name_including on customers (name) include (email);
  create index customers_name_hash on customers using hash (name);
  create table busy (id int primary key, n int) with (autovacuum_vacuum_scale_factor = 0.01);
  create temporary table passing (id int);
  insert into customers (email, name) select 'c' || n, 'n' || n from generate_series(1, 2000) n;
  insert into orders (customer, placed, kind) select 1 + n % 2000, '2026-01-01', 'usual' from generate_series(1, 20000) n;
  insert into busy select n, 0 from generate_series(1, 20000) n;
  analyze;
  update busy set n = 1 where id <= 2000;
  create table cold (id int references customers on delete cascade);
  insert into cold select 1 from generate_series(1, 999);
  analyze cold;
  grant select, insert, update, delete on all tables in schema public to app;
  grant usage, select on all sequences in schema public to app`

const POOL = { pool: { min: 1, max: 10 } }
let server: OwnServer
let url: string
const opened: Database<object>[] = []
const clients: pg.Client[] = []

function open(user: string, options: DatabaseOptions = {}): Database<object> {
  const connection = new URL(url)
  connection.username = user
  if (user !== server.user) connection.password = user
  connection.searchParams.set("application_name", "sound")
  const database = createDatabase<object>({ connection: connection.href, ...POOL, ...options })
  opened.push(database)
  return database
}

async function session(user: string, ...texts: string[]): Promise<void> {
  const connection = new URL(url)
  connection.username = user
  if (user !== server.user) connection.password = user
  const client = new pg.Client(connection.href)
  client.on("error", () => {})
  clients.push(client)
  await client.connect()
  for (const text of texts) await client.query(text)
}

beforeAll(async () => {
  server = await startEmbeddedPostgres({ settings: SOUND })
  await withClient(server.url, async (client) => {
    await client.query(SETUP)
    await client.query("create database sound")
  })
  url = databaseUrl(server.url, "sound")
  await withClient(url, (client) => client.query(TABLES))
  // A normal day: somebody idle, somebody in the middle of something, a lock that is held and that nobody waits for.
  await session("app", "select 1")
  await session("other", "begin", "select 1")
  await session("app", "begin", "update busy set n = 2 where id = 1")
  await withClient(url, (client) =>
    client.query("begin; insert into busy values (0, 0); prepare transaction 'just now'"),
  )
})

afterAll(async () => {
  for (const client of clients) await client.end()
  for (const database of opened) valueOf(await database.close())
  await server.stop()
})

const codes = async (database: Database<object>, options?: ExamineOptions): Promise<string[]> =>
  valueOf(await examine(database, { replicas: 4, environment: "production", ...options })).advice.map(
    ({ code }) => code,
  )

describe("a sound server", () => {
  it("gets no advice at all, when the role may see everything, in the hardest environment", async () => {
    await withClient(server.url, (client) => client.query("grant pg_monitor to app"))
    const examined = valueOf(await examine(open("app"), { replicas: 4, environment: "production" }))
    expect(examined.advice).toEqual([])
    expect(examined.facts.unseen).toEqual([])
    expect(examined.facts.activity?.states).toMatchObject({ "idle in transaction": 2 })
    expect(examined.facts.statements?.statements.length).toBeGreaterThan(0)
    expect(examined.checked).toHaveLength(50)
    expect(examined.pings).toMatchObject({ count: 20, processes: 1 })
    expect(examined.tookMs).toBeLessThan(4 * 500)
  })

  it("says of what a role may not see that it is hidden, and nothing else", async () => {
    await withClient(server.url, (client) => client.query("revoke pg_monitor from app"))
    const examined = valueOf(await examine(open("app"), { environment: "production" }))
    expect(examined.advice).toMatchObject([
      { code: "LIMITED_VIEW", severity: "info", sql: "grant pg_monitor to app", evidence: { unseen: {} } },
    ])
    expect(examined.facts.activity?.hidden).toBeGreaterThan(0)
  })

  it("does not take a role without any right of its own for trouble", async () => {
    await withClient(url, (client) => client.query("revoke all on schema public from public"))
    const found = await codes(open("other"))
    // It has no limits, which is true, and it is told nothing that it cannot see.
    expect(found).toEqual(["NO_IDLE_IN_TRANSACTION_TIMEOUT", "NO_STATEMENT_TIMEOUT", "NO_LOCK_TIMEOUT", "LIMITED_VIEW"])
  })

  it("is not written to, and nothing stays behind on the connection", async () => {
    const database = open("app", { pool: { min: 0, max: 1 } })
    const before = await asked("select pg_current_xact_id()::text::bigint as xid, pg_current_wal_lsn()::text as lsn")
    await codes(database)
    const after = await asked("select pg_current_xact_id()::text::bigint as xid")
    expect(Number(after.xid) - Number(before.xid)).toBe(1)
    const { rows } = valueOf(
      await database.query(
        "select current_setting('statement_timeout') as statement, current_setting('lock_timeout') as lock, " +
          "current_setting('default_transaction_read_only') as readonly",
      ),
    )
    expect(rows).toEqual([{ statement: "1min", lock: "10s", readonly: "off" }])
    expect(database.snapshot().pool).toMatchObject({ idle: 1, leased: 0 })
    expect(database.advise()).toEqual([])
  })
})

describe("an examination", () => {
  it("does not wait for a table that somebody has locked", async () => {
    await session(
      server.user,
      "begin",
      "lock table orders in access exclusive mode",
      "alter sequence orders_id_seq restart with 5",
    )
    const startedAt = performance.now()
    const found = await codes(open("app"), { limits: { lockWaitMs: 60_000 } })
    expect(performance.now() - startedAt).toBeLessThan(4 * 1_000)
    expect(found.filter((code) => code !== "LIMITED_VIEW")).toEqual([])
    await clients.pop()?.end()
  })

  it("answers within its time, or says that it had none", async () => {
    const late = errorOf(await examine(open("app", { retry: false }), { timeoutMs: 1 }))
    expect(late.kind).toBe("deadline_exceeded")
    const aborted = errorOf(await examine(open("app"), { signal: AbortSignal.abort() }))
    expect(aborted.kind).toBe("aborted")
  })

  it("is refused what makes no sense", async () => {
    const database = open("app")
    for (const options of [{ replicas: 0 }, { timeoutMs: 0 }, { environment: "moon" as "production" }]) {
      expect(errorOf(await examine(database, options)).kind).toBe("refused")
    }
    expect(errorOf(await examine({})).kind).toBe("refused")
  })

  it("is an Err where no server is, within the time that an outage is waited for", async () => {
    const database = createDatabase<object>({
      connection: "postgres://nobody@127.0.0.1:1/none",
      retry: { outageWaitMs: 50 },
    })
    opened.push(database)
    expect(errorOf(await examine(database)).category).toBe("availability")
  })
})

async function asked(text: string): Promise<Record<string, unknown>> {
  return withClient(url, async (client) => (await client.query(text)).rows[0] ?? {})
}
