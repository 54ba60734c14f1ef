import type { Advice } from "@kysely-resilient/core"
import type { SettingValue } from "@kysely-resilient/testing"
import type { Client } from "pg"
import { expect } from "vitest"

/** One thing that is wrong with a server, and what must be said of it. All of them can live on one server. */
export interface Plant {
  /** Under which it is found. */
  readonly code: string
  readonly said: Partial<Advice>
  /** Of postgresql.conf; without any, and without SQL, PostgreSQL's own default is what is wrong. */
  readonly settings?: Readonly<Record<string, SettingValue>>
  readonly sql?: readonly string[]
  /** What goes on in sessions that stay, over a client for each. */
  readonly sessions?: (connect: () => Promise<Client>) => Promise<unknown>
  /** It is told only when it has lasted for longer than a test may, unless limits say otherwise. */
  readonly lasting?: true
  /** The SQL that comes with it mends it: at once, or with a restart. Else it shows where to look, or there is none. */
  readonly mended?: "at once" | "by a restart"
}

/** Every one is burnt, as 150,001 transactions would. */
const BURN = `do $$ begin for n in 1..150100 loop perform pg_current_xact_id(); commit; end loop; end $$`

export const PLANTS: readonly Plant[] = [
  {
    code: "XID_AGE",
    said: { severity: "warning", evidence: expect.objectContaining({ freeze_max_age: 100_000 }) },
    settings: { autovacuum_freeze_max_age: 100_000, wal_level: "logical" },
    // What the slot's reader might still ask for, no vacuum may freeze: of catalogues only, so that no table of ours is vacuumed by force.
    sql: ["select pg_create_logical_replication_slot('gone_subscriber', 'pgoutput')", BURN],
  },
  { code: "FSYNC_OFF", said: { severity: "critical" }, settings: { fsync: false }, mended: "at once" },
  {
    code: "FULL_PAGE_WRITES_OFF",
    said: { severity: "critical" },
    settings: { full_page_writes: false },
    mended: "at once",
  },
  {
    code: "SYNCHRONOUS_COMMIT_OFF",
    said: { severity: "warning" },
    settings: { synchronous_commit: false },
    mended: "at once",
  },
  {
    code: "AUTOVACUUM_OFF",
    said: { severity: "warning", evidence: { off: ["autovacuum"], tables: ["neglected"] } },
    settings: { autovacuum: false },
    sql: ["create table neglected (id int) with (autovacuum_enabled = false)"],
    mended: "at once",
  },
  {
    code: "ARCHIVING_FAILS",
    said: { severity: "critical", evidence: expect.objectContaining({ archived: 0 }) },
    settings: { archive_mode: true, archive_command: "false" },
    sql: ["select pg_switch_wal()"],
  },
  { code: "PASSWORD_MD5", said: { severity: "warning" }, settings: { password_encryption: "md5" }, mended: "at once" },
  {
    code: "SEQUENCE_NEARLY_EXHAUSTED",
    said: {
      severity: "warning",
      evidence: {
        sequences: [expect.objectContaining({ sequence: "public.tickets_id_seq", table: "tickets", ratio: 0.9313 })],
      },
    },
    sql: [
      "create table tickets (id int generated always as identity primary key)",
      "select setval('tickets_id_seq', 2000000000)",
    ],
    mended: "at once",
  },
  {
    code: "FOREIGN_KEYS_UNINDEXED",
    said: {
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
    sql: [
      "create table parents (id int primary key)",
      "insert into parents select n from generate_series(1, 100) n",
      'create table "Children" (id int primary key, "parent Id" int constraint "Children_parent_fk" references parents, kind text)',
      "insert into \"Children\" select n, 1 + n % 100, 'k' from generate_series(1, 1000) n",
      'analyze "Children"',
    ],
    mended: "at once",
  },
  {
    code: "DUPLICATE_INDEXES",
    said: {
      severity: "info",
      evidence: { indexes: [expect.objectContaining({ index: "children_kind_again", of: "children_kind" })] },
    },
    sql: ['create index children_kind on "Children" (kind)', 'create index children_kind_again on "Children" (kind)'],
    mended: "at once",
  },
  {
    code: "INVALID_INDEXES",
    said: { severity: "warning", evidence: { indexes: [{ index: "doubled_id", table: "doubled" }] } },
    sql: ["create table doubled (id int)", "insert into doubled values (1), (1)"],
    sessions: async (connect) =>
      // It fails half way, because of the doubled rows.
      (await connect()).query("create unique index concurrently doubled_id on doubled (id)").catch(() => {}),
    mended: "at once",
  },
  {
    code: "STALE_STATISTICS",
    said: {
      severity: "info",
      evidence: { tables: [expect.objectContaining({ table: "grown", rows: 12_000, analyzed: false })] },
    },
    sql: ["create table grown (id int)", "insert into grown select n from generate_series(1, 25000) n"],
    mended: "at once",
  },
  {
    code: "DEAD_ROWS",
    said: { severity: "info", evidence: { tables: [{ table: "grown", live: 12_000, dead: 13_000 }] } },
    sql: ["delete from grown where id > 12000"],
    mended: "at once",
  },
  {
    code: "UNLOGGED_TABLES",
    said: { severity: "info", evidence: { tables: ["scratch"] } },
    sql: ["create unlogged table scratch (id int)"],
    mended: "at once",
  },
  {
    code: "EXTENSIONS_BEHIND",
    said: { severity: "info", sql: "alter extension pg_stat_statements update" },
    sql: ["create extension pg_stat_statements version '1.10'"],
    mended: "at once",
  },
  {
    code: "STATEMENTS_NOT_TRACKED",
    said: { severity: "info", evidence: { loaded: false, installed: true } },
    mended: "by a restart",
  },
  {
    code: "SLOT_INACTIVE",
    said: {
      severity: "warning",
      evidence: {
        slots: [expect.objectContaining({ slot: "gone_reader" }), expect.objectContaining({ slot: "gone_subscriber" })],
      },
    },
    sql: ["select pg_create_physical_replication_slot('gone_reader', true)"],
    lasting: true,
    mended: "at once",
  },
  {
    code: "PREPARED_TRANSACTIONS",
    said: {
      severity: "warning",
      sql: "rollback prepared 'nobody''s'",
      evidence: { prepared: [expect.objectContaining({ name: "nobody's" })] },
    },
    settings: { max_prepared_transactions: 5 },
    sql: ["begin; insert into neglected values (2); prepare transaction 'nobody''s'"],
    lasting: true,
    mended: "at once",
  },
  {
    code: "IDLE_IN_TRANSACTION",
    said: { severity: "warning" },
    sessions: async (connect) => (await connect()).query("begin; select 1"),
    lasting: true,
    mended: "at once",
  },
  {
    code: "LONG_TRANSACTIONS",
    said: { severity: "warning" },
    sessions: async (connect) => void (await connect()).query("select pg_sleep(60)").catch(() => {}),
    lasting: true,
    mended: "at once",
  },
  {
    code: "LOCK_CHAIN",
    said: { severity: "warning", evidence: expect.objectContaining({ roots: [expect.any(Number)] }) },
    sessions: async (connect) => {
      await (await connect()).query("begin; lock table parents")
      void (await connect()).query("insert into parents values (1000)").catch(() => {})
    },
    lasting: true,
    mended: "at once",
  },
  { code: "SUPERUSER_ROLE", said: { severity: "warning", evidence: { role: "postgres" } } },
  {
    code: "SERVER_KEEPALIVE_SLOW",
    said: { severity: "warning", evidence: expect.objectContaining({ tcp_keepalives_idle_s: 7_200 }) },
    mended: "at once",
  },
  { code: "NO_CLIENT_CHECK", said: { severity: "warning" }, mended: "at once" },
  { code: "NO_IDLE_IN_TRANSACTION_TIMEOUT", said: { severity: "warning" }, mended: "at once" },
  { code: "NO_STATEMENT_TIMEOUT", said: { severity: "info" }, mended: "at once" },
  { code: "NO_LOCK_TIMEOUT", said: { severity: "info" }, mended: "at once" },
  { code: "LOCK_WAITS_NOT_LOGGED", said: { severity: "info" }, mended: "at once" },
  { code: "IO_NOT_TIMED", said: { severity: "info" }, mended: "at once" },
]
