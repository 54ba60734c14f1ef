import { readFileSync } from "node:fs"
import { networkInterfaces } from "node:os"

import {
  createDatabase,
  examine,
  type Advice,
  type DatabaseOptions,
  type Database,
  type ExamineOptions,
} from "@kysely-resilient/core"
import { databaseUrl, startEmbeddedPostgres, type OwnServer } from "@kysely-resilient/testing"
import { withClient } from "@kysely-resilient/testing/src/sql-client.ts"
import pg from "pg"
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { certificate } from "../../../support/tls/server.ts"

/** What a restart is needed for. */
const SETTINGS = {
  listen_addresses: "*",
  fsync: false,
  full_page_writes: false,
  synchronous_commit: false,
  autovacuum: false,
  autovacuum_freeze_max_age: 100_000,
  max_connections: 30,
  max_prepared_transactions: 5,
  archive_mode: true,
  archive_command: "false",
  password_encryption: "md5",
  wal_level: "logical",
  ssl: true,
} as const

/** Every one is burnt, as 150,001 transactions would. */
const BURN = `do $$ begin for n in 1..150100 loop perform pg_current_xact_id(); commit; end loop; end $$`

const PLANT = [
  "create table neglected (id int) with (autovacuum_enabled = false)",
  // What is older than this no vacuum can freeze.
  "begin; insert into neglected values (2); prepare transaction 'nobody''s'",
  BURN,
  "create extension pg_stat_statements version '1.10'",
  "create table doubled (id int)",
  "insert into doubled values (1), (1)",
  "create table parents (id int primary key)",
  "insert into parents select n from generate_series(1, 100) n",
  'create table "Children" (id int primary key, "parent Id" int constraint "Children_parent_fk" references parents, kind text)',
  "insert into \"Children\" select n, 1 + n % 100, 'k' from generate_series(1, 1000) n",
  'analyze "Children"',
  'create index children_kind on "Children" (kind)',
  'create index children_kind_again on "Children" (kind)',
  "create table grown (id int)",
  "insert into grown select n from generate_series(1, 25000) n",
  "delete from grown where id > 12000",
  "create unlogged table scratch (id int)",
  "create table tickets (id int generated always as identity primary key)",
  "select setval('tickets_id_seq', 2000000000)",
  "select pg_create_physical_replication_slot('gone_reader', true)",
  "create role app login password 'app' connection limit 5",
  "alter role app set idle_session_timeout = '20s'",
  "alter role app set default_transaction_read_only = on",
  "grant pg_monitor to app",
]

/** Time-bound ones are old at once. */
const LIMITS = { idleInTransactionMs: 20, transactionMs: 20, lockWaitMs: 20, preparedMs: 0, slotInactiveMs: 0 }

/** For what the server does in its own time. */
const PATIENCE = { timeout: 10_000, interval: 50 }

let server: OwnServer
let url: string
const opened: Database<object>[] = []
const clients: pg.Client[] = []

function open(options: DatabaseOptions): Database<object> {
  const database = createDatabase<object>(options)
  opened.push(database)
  return database
}

async function session(...texts: readonly string[]): Promise<pg.Client> {
  const client = new pg.Client(url)
  client.on("error", () => {})
  clients.push(client)
  await client.connect()
  for (const text of texts) await client.query(text)
  return client
}

async function run(text: string): Promise<void> {
  await withClient(url, (client) => client.query(text))
}

const find = async (database: Database<object>, options: ExamineOptions = {}): Promise<readonly Advice[]> =>
  valueOf(await examine(database, { environment: "production", limits: LIMITS, ...options })).advice

const codesOf = (advice: readonly Advice[]): string[] => advice.map(({ code }) => code)

beforeAll(async () => {
  server = await startEmbeddedPostgres({
    settings: SETTINGS,
    files: {
      "pg_hba.conf": "host all all all md5\n",
      "server.crt": readFileSync(certificate("server.crt"), "utf8"),
      "server.key": readFileSync(certificate("server.key"), "utf8"),
    },
  })
  await withClient(server.url, (client) => client.query("create database planted"))
  url = databaseUrl(server.url, "planted")
  const planter = await session()
  for (const text of PLANT) await planter.query(text)
  await planter.query("create unique index concurrently doubled_id on doubled (id)").catch(() => {})
  await planter.end()
  await session("begin", "select 1")
  const holder = await session("begin", "lock table parents")
  const working = await session()
  working.query("select pg_sleep(60)").catch(() => {})
  const waiting = await session()
  waiting.query("insert into parents values (1000)").catch(() => {})
  await holder.query("select 1")
  await run("select pg_switch_wal()")
  await vi.waitFor(async () => {
    const failing = await withClient(url, (client) =>
      client.query("select failed_count > 0 as so from pg_stat_archiver"),
    )
    expect(failing.rows).toEqual([{ so: true }])
  }, PATIENCE)
})

afterAll(async () => {
  for (const database of opened) valueOf(await database.close())
  await Promise.all(clients.map((client) => client.end().catch(() => {})))
  await server.stop()
})

/** What is planted on the server, by the code under which it is found, with what must be said of it. */
const PLANTED: Readonly<Record<string, Partial<Advice>>> = {
  FSYNC_OFF: { severity: "critical" },
  FULL_PAGE_WRITES_OFF: { severity: "critical" },
  SYNCHRONOUS_COMMIT_OFF: { severity: "warning" },
  AUTOVACUUM_OFF: { severity: "warning", evidence: { off: ["autovacuum"], tables: ["neglected"] } },
  ARCHIVING_FAILS: { severity: "critical", evidence: expect.objectContaining({ archived: 0 }) },
  PASSWORD_MD5: { severity: "warning" },
  XID_AGE: { severity: "warning", evidence: expect.objectContaining({ freeze_max_age: 100_000 }) },
  SEQUENCE_NEARLY_EXHAUSTED: {
    severity: "warning",
    evidence: {
      sequences: [expect.objectContaining({ sequence: "public.tickets_id_seq", table: "tickets", ratio: 0.9313 })],
    },
  },
  LOCK_CHAIN: { severity: "warning", evidence: expect.objectContaining({ roots: [expect.any(Number)] }) },
  IDLE_IN_TRANSACTION: { severity: "warning" },
  LONG_TRANSACTIONS: { severity: "warning" },
  PREPARED_TRANSACTIONS: {
    severity: "warning",
    sql: "rollback prepared 'nobody''s'",
    evidence: { prepared: [expect.objectContaining({ name: "nobody's" })] },
  },
  SLOT_INACTIVE: { severity: "warning", evidence: { slots: [expect.objectContaining({ slot: "gone_reader" })] } },
  INVALID_INDEXES: { severity: "warning", evidence: { indexes: [{ index: "doubled_id", table: "doubled" }] } },
  DUPLICATE_INDEXES: {
    severity: "info",
    evidence: { indexes: [expect.objectContaining({ index: "children_kind_again", of: "children_kind" })] },
  },
  FOREIGN_KEYS_UNINDEXED: {
    severity: "info",
    sql: 'create index concurrently on "Children" ("parent Id")',
    evidence: {
      foreign_keys: [
        {
          constraint: "Children_parent_fk",
          table: '"Children"',
          columns: ["parent Id"],
          rows: 1000,
          references: "parents",
        },
      ],
    },
  },
  STALE_STATISTICS: {
    severity: "info",
    evidence: { tables: [expect.objectContaining({ table: "grown", rows: 12_000, analyzed: false })] },
  },
  DEAD_ROWS: { severity: "info", evidence: { tables: [{ table: "grown", live: 12_000, dead: 13_000 }] } },
  UNLOGGED_TABLES: { severity: "info", evidence: { tables: ["scratch"] } },
  EXTENSIONS_BEHIND: { severity: "info", sql: "alter extension pg_stat_statements update" },
  SUPERUSER_ROLE: { severity: "warning", evidence: { role: "postgres" } },
  SERVER_KEEPALIVE_SLOW: { severity: "warning", evidence: expect.objectContaining({ tcp_keepalives_idle_s: 7_200 }) },
  NO_CLIENT_CHECK: { severity: "warning" },
  NO_IDLE_IN_TRANSACTION_TIMEOUT: { severity: "warning" },
  NO_STATEMENT_TIMEOUT: { severity: "info" },
  NO_LOCK_TIMEOUT: { severity: "info" },
  LOCK_WAITS_NOT_LOGGED: { severity: "info" },
  IO_NOT_TIMED: { severity: "info" },
  STATEMENTS_NOT_TRACKED: { severity: "info", evidence: { loaded: false, installed: true } },
}

/** And on this side. */
const MISCONFIGURED = {
  CONNECTION_BUDGET: {
    severity: "warning",
    message: "2 × pool.max 20 = 40 connections, and the server has 30 for them",
  },
  KEEPALIVE_OFF: { severity: "warning" },
  CONNECT_TIMEOUT_LONG: { severity: "warning" },
  POOL_LIFETIME_LONG: { severity: "info" },
  MARKER_TABLE_MISSING: { severity: "warning" },
  APPLICATION_NAME_EMPTY: { severity: "info" },
} as const

describe("a server and a client with all that is planted in them", () => {
  let advice: readonly Advice[]

  beforeAll(async () => {
    const database = open({
      connection: { connectionString: url, keepAlive: false },
      pool: { min: 0, max: 20, maxLifetimeMs: 172_800_000 },
      timeouts: { connectMs: 60_000 },
      resolution: "marker",
    })
    advice = await find(database, { replicas: 2 })
  })

  it.each(Object.entries({ ...PLANTED, ...MISCONFIGURED }))("has %s", (code, expected) => {
    expect(advice.find((one) => one.code === code)).toMatchObject(expected)
  })

  it("has nothing else, and the worst comes first", () => {
    expect(codesOf(advice).toSorted()).toEqual(Object.keys({ ...PLANTED, ...MISCONFIGURED }).toSorted())
    const severities = advice.map(({ severity }) => severity)
    expect(severities).toEqual(severities.toSorted((one, other) => RANK.indexOf(one) - RANK.indexOf(other)))
  })
})

const RANK = ["critical", "warning", "info"]

describe("a role with limits of its own", () => {
  it("is told of those that the pool does not fit", async () => {
    const connection = new URL(url)
    connection.username = connection.password = "app"
    const advice = await find(open({ connection: connection.href, pool: { min: 1, max: 6 } }))
    expect(advice).toEqual(
      expect.arrayContaining([
        expect.objectContaining({
          code: "CONNECTION_LIMIT",
          message: "6 connections are wanted, and the role app may have 5",
          sql: "alter role app connection limit 6",
        }),
        expect.objectContaining({ code: "IDLE_SESSION_TIMEOUT", sql: "alter role app set idle_session_timeout = '0'" }),
        expect.objectContaining({
          code: "SERVER_READ_ONLY",
          severity: "warning",
          sql: "alter role app set default_transaction_read_only = 'off'",
        }),
      ]),
    )
    expect(codesOf(advice)).not.toContain("SUPERUSER_ROLE")
    const reads = await find(open({ connection: connection.href, pool: { min: 1, max: 5 } }), { readOnly: true })
    expect(codesOf(reads)).not.toContain("SERVER_READ_ONLY")
    expect(codesOf(reads)).not.toContain("CONNECTION_LIMIT")
  })
})

/** An address of this machine that a server elsewhere would see; there may be none. */
const address = Object.values(networkInterfaces())
  .flatMap((addresses) => addresses ?? [])
  .find(({ family, internal }) => family === "IPv4" && !internal)?.address

describe("a server on another machine", () => {
  it.skipIf(address === undefined)("is to be spoken to in cipher, and counts as production", async () => {
    const connection = new URL(url)
    connection.hostname = address ?? ""
    const advice = valueOf(await examine(open({ connection: connection.href }))).advice
    expect(advice.find(({ code }) => code === "TLS_OFF")).toMatchObject({
      severity: "warning",
      evidence: { tls: "off", encrypted: false, server_ssl: "on" },
    })
    connection.searchParams.set("sslmode", "prefer")
    const perhaps = valueOf(await examine(open({ connection: connection.href }))).advice
    expect(perhaps.find(({ code }) => code === "TLS_OFF")).toMatchObject({
      evidence: { tls: "optional", encrypted: true },
    })
    connection.searchParams.set("sslmode", "require")
    const unproved = codesOf(valueOf(await examine(open({ connection: connection.href }))).advice)
    expect(unproved).toContain("TLS_UNVERIFIED")
    expect(unproved).not.toContain("TLS_OFF")
    expect(advice.find(({ code }) => code === "FSYNC_OFF")).toMatchObject({ severity: "critical" })
    const here = valueOf(await examine(open({ connection: url }))).advice
    expect(here.find(({ code }) => code === "TLS_OFF")).toBeUndefined()
    expect(here.find(({ code }) => code === "FSYNC_OFF")).toMatchObject({ severity: "info" })
  })
})

describe("the SQL that comes with advice", () => {
  it("mends what it is about, where no restart is needed", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1, validateAfterIdleMs: 0 } })
    const mended = [
      "LOCK_CHAIN",
      "IDLE_IN_TRANSACTION",
      "LONG_TRANSACTIONS",
      "PREPARED_TRANSACTIONS",
      "SLOT_INACTIVE",
      "FSYNC_OFF",
      "FULL_PAGE_WRITES_OFF",
      "SYNCHRONOUS_COMMIT_OFF",
      "PASSWORD_MD5",
      "SEQUENCE_NEARLY_EXHAUSTED",
      "DUPLICATE_INDEXES",
      "FOREIGN_KEYS_UNINDEXED",
      "STALE_STATISTICS",
      "DEAD_ROWS",
      "UNLOGGED_TABLES",
      "EXTENSIONS_BEHIND",
      "SERVER_KEEPALIVE_SLOW",
      "NO_CLIENT_CHECK",
      "NO_IDLE_IN_TRANSACTION_TIMEOUT",
      "NO_STATEMENT_TIMEOUT",
      "NO_LOCK_TIMEOUT",
      "LOCK_WAITS_NOT_LOGGED",
      "IO_NOT_TIMED",
      "INVALID_INDEXES",
    ]
    await run("delete from doubled")
    const before = await find(database)
    for (const code of mended) {
      const sql = before.find((one) => one.code === code)?.sql
      expect(sql, code).toBeDefined()
      // One by one: what works concurrently may not be in one text with others.
      for (const text of (sql ?? "").split(";\n")) {
        await run(text)
      }
    }
    await database.close()
    const left = codesOf(await find(open({ connection: url, pool: { min: 0, max: 1 } })))
    expect(left.filter((code) => mended.includes(code))).toEqual([])
  })
})

describe("a server with hardly a connection left", () => {
  it("says so before the last one is taken", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1 } })
    expect(codesOf(await find(database))).not.toContain("CONNECTIONS_NEARLY_EXHAUSTED")
    const { rows } = await withClient(url, (client) =>
      client.query("select sum(numbackends)::int as taken from pg_stat_database"),
    )
    for (let taken = Number(rows[0]?.taken); taken < 23; taken += 1) await session()
    expect((await find(database)).find(({ code }) => code === "CONNECTIONS_NEARLY_EXHAUSTED")).toMatchObject({
      severity: "warning",
      evidence: { available: 27, max_connections: 30 },
    })
  })
})

describe("commits that wait for a standby which is not there", () => {
  it("are told of at once, and when one was made on this server only", async () => {
    const database = open({ connection: url, pool: { min: 0, max: 1 }, timeouts: { cancelMs: 300 } })
    await run("create table kept (id int)")
    await run("alter system set synchronous_standby_names = 'mirror'")
    await run("select pg_reload_conf()")
    await vi.waitFor(
      async () => expect(codesOf(await find(database))).toContain("SYNCHRONOUS_STANDBY_MISSING"),
      PATIENCE,
    )
    expect(database.advise()).toEqual([])
    const keeping = database.transaction(async (tx) => tx.query("insert into kept values (1)"))
    await vi.waitFor(async () => {
      const { rows } = await withClient(url, (client) =>
        client.query("select pg_cancel_backend(pid) from pg_stat_activity where wait_event = 'SyncRep'"),
      )
      expect(rows).not.toEqual([])
    }, PATIENCE)
    expect(errorOf(await keeping).effect).toBe("applied_locally")
    expect(database.advise().map(({ code }) => code)).toContain("UNCONFIRMED_COMMITS")
  })
})
