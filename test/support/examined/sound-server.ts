import { startEmbeddedPostgres } from "@kysely-resilient/testing"

import { examinedServer, type ExaminedServer } from "./examined-server.ts"

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

/** Nothing is wrong with it; the role `app`, whose password is its name, may see everything. */
export async function startSoundServer(): Promise<ExaminedServer> {
  const examined = await examinedServer(await startEmbeddedPostgres({ settings: SOUND }), "sound")
  await examined.run(SETUP)
  await examined.run(TABLES)
  // A normal day: somebody idle, somebody in the middle of something, a lock that is held and that nobody waits for.
  await (await examined.connect("app")).query("select 1")
  await (await examined.connect("other")).query("begin; select 1")
  await (await examined.connect("app")).query("begin; update busy set n = 2 where id = 1")
  await examined.run("begin; insert into busy values (0, 0); prepare transaction 'just now'")
  await examined.run("grant pg_monitor to app")
  return examined
}
