import { createEngine, type DriverEvent, type DriverOptions, type Engine } from "@kysely-resilient/driver"
import { controlQuery as text } from "@kysely-resilient/driver/src/execution/control.ts"
import { CompiledQuery, Kysely, sql } from "kysely"
import { afterEach, describe, expect, it } from "vitest"

import { expectCalm } from "../../support/aftermath.ts"
import { testDatabase } from "../../support/databases.ts"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (note text)")
    await client.query("create schema other")
    await client.query("create table other.notes (note text)")
    await client.query("do $$ begin create role poisoned; exception when duplicate_object then null; end $$")
  },
})

let engine: Engine
let events: DriverEvent[] = []

/** One connection, so that whoever comes next gets what the one before had. */
function start(options: DriverOptions = {}): void {
  events = []
  engine = createEngine({
    connection: database.url,
    pool: { min: 0, max: 1 },
    observer: (event) => events.push(event),
    ...options,
  })
}

afterEach(async () => {
  await expectCalm(engine, database)
  await engine.close()
})

const told = (name: DriverEvent["name"]): DriverEvent[] => events.filter((event) => event.name === name)

/** Everything that one session can know of itself, and another should not. */
const STATE = `select json_build_object(
  'settings', (select json_object_agg(name, setting order by name) from pg_settings where source = 'session'),
  'tenant', nullif(current_setting('app.tenant', true), ''),
  'role', current_user, 'session', session_user, 'path', current_schemas(false),
  'channels', (select json_agg(c) from pg_listening_channels() as c),
  'locks', (select count(*) from pg_locks where locktype = 'advisory' and pid = pg_backend_pid()),
  'temporary', (select count(*) from pg_class where relnamespace = pg_my_temp_schema()),
  'prepared', (select count(*) from pg_prepared_statements),
  'cursors', (select count(*) from pg_cursors where is_holdable)) as state`

const pid = async (): Promise<unknown> => {
  const settled = await engine.run(text("select pg_backend_pid() as pid"))
  return settled.ok ? settled.value.rows[0] : settled
}

const state = async (): Promise<unknown> => {
  const settled = await engine.run(text(STATE))
  return settled.ok ? settled.value.rows[0] : settled
}

const POISONS: readonly [what: string, ...texts: string[]][] = [
  ["SET", "set work_mem = '7MB'"],
  ["SET of one's own", "set app.tenant = '7'"],
  ["set_config", "select set_config('app.tenant', '7', false)"],
  ["set_config from a WITH", "with x as (select set_config('work_mem', '7MB', false)) select * from x"],
  ["search_path", "set search_path = other"],
  ["SET SESSION CHARACTERISTICS", "set session characteristics as transaction read only"],
  ["SET ROLE", "set role poisoned"],
  ["SET SESSION AUTHORIZATION", "set session authorization poisoned"],
  ["LISTEN", "listen poison"],
  ["an advisory lock", "select pg_advisory_lock(1)"],
  ["an advisory lock of a failed statement", "select pg_advisory_lock(1), 1 / (count(*) - count(*)) from notes"],
  ["a shared advisory lock", "select pg_try_advisory_lock_shared(2, 3)"],
  ["a temporary table", "create temp table hidden (n int)"],
  ["SELECT INTO TEMP", "select 1 as n into temporary hidden"],
  ["a table in pg_temp", "create table pg_temp.notes as select 1 as n"],
  ["PREPARE", "prepare p as select 1"],
  ["a cursor WITH HOLD", "declare c cursor with hold for select 1"],
  ["DO", "do $$ begin perform set_config('app.tenant', '7', false); end $$"],
  ["several statements", "select 1; set app.tenant = '7'; select 2"],
  ["a transaction that is committed", "begin; set app.tenant = '7'; commit"],
  ["a transaction that is left open", "begin; set app.tenant = '7'; select pg_advisory_lock(1)"],
]

describe("what one leaves the next does not see", () => {
  it.each(POISONS)("%s, by a single statement", async (_, poison) => {
    start()
    const [clean, connection] = [await state(), await pid()]
    await engine.run(text(poison))
    expect(await state()).toEqual(clean)
    expect(await pid()).toEqual(connection)
    expect(told("session.reset")).toHaveLength(1)
  })

  it.each(POISONS)("%s, through Kysely", async (_, poison) => {
    start()
    const db = new Kysely<object>({ dialect: engine.dialect() })
    const clean = await state()
    await db.executeQuery(CompiledQuery.raw(poison)).catch(() => {})
    await db.connection().execute((own) => own.executeQuery(CompiledQuery.raw(poison)).catch(() => {}))
    expect(await state()).toEqual(clean)
  })

  it.each(POISONS.filter(([what]) => !what.includes("transaction")))("%s, in a transaction", async (_, poison) => {
    start()
    const clean = await state()
    for (const end of ["commit", "rollback"] as const) {
      const lease = engine.lease()
      lease.begin({})
      await lease.run(text(poison))
      await (end === "commit" ? lease.commit() : lease.rollback("caller"))
      await lease.release()
    }
    expect(await state()).toEqual(clean)
  })

  it("in a batch, and by a stream", async () => {
    start()
    const clean = await state()
    expect(await engine.batch([text("select 1"), text("set app.tenant = '7'")])).toMatchObject({ ok: true })
    const seen: unknown[] = []
    for await (const chunk of engine.stream(text("select set_config('app.tenant', '7', false)"), 1)) seen.push(chunk)
    expect(seen).toMatchObject([{ ok: true }])
    expect(await state()).toEqual(clean)
  })

  it("is gone for a holder too only once he gives the connection back", async () => {
    start()
    const lease = engine.lease()
    await lease.run(text("set app.tenant = '7'"))
    expect(await lease.run(text("select current_setting('app.tenant') as t"))).toMatchObject({
      value: { rows: [{ t: "7" }] },
    })
    await lease.release()
    expect(await engine.run(text("select current_setting('app.tenant') as t"))).toMatchObject({
      value: { rows: [{ t: "" }] },
    })
  })

  it("costs the connection where nothing undoes it", async () => {
    start()
    const before = await pid()
    await engine.run(text("select setseed(0.5)"))
    expect(await pid()).not.toEqual(before)
    expect(told("connection.discarded")).toMatchObject([{ reason: "not-clean" }])
  })

  it.each([
    ["fails", { connection: "lock_timeout=50", cancelMs: 1_000 }],
    ["takes too long", { connection: "", cancelMs: 200 }],
  ])("costs the connection if the reset %s", async (_, { connection, cancelMs }) => {
    const options = connection === "" ? {} : { options: `-c ${connection}` }
    start({ connection: { connectionString: database.url, ...options }, timeouts: { cancelMs } })
    const lease = engine.lease()
    const before = await pid()
    await lease.run(text("set app.tenant = '7'; create temp table hidden (n int)"))
    // DISCARD TEMP has something to wait for.
    const blocker = await database.connect()
    const [hidden] = await database.ask("select oid::regclass::text as name from pg_class where relname = 'hidden'")
    await blocker.query(`begin; lock table ${String(hidden?.["name"])} in access share mode`)
    await lease.release()
    await blocker.query("rollback")
    expect(told("connection.discarded")).toMatchObject([{ reason: "not-clean" }])
    expect(await pid()).not.toEqual(before)
  })
})

describe("what leaves nothing", () => {
  it.each([
    "select * from notes",
    "select 'set role x', pg_advisory_xact_lock(1)",
    "select set_config('app.tenant', '7', true)",
    "insert into notes values ('create temp table') returning note",
    "explain select 1",
    "create table if not exists temp (temp int)",
    "select temp from temp",
    "begin; set local app.tenant = '7'; commit",
  ])("%s: pays no reset", async (harmless) => {
    start()
    expect(await engine.run(text(harmless))).toMatchObject({ ok: true })
    await pid()
    expect(told("session.reset")).toEqual([])
  })

  it("a builder's query, a transaction and a held connection: pay none", async () => {
    start()
    const db = new Kysely<{ notes: { note: string } }>({ dialect: engine.dialect() })
    await db.selectFrom("notes").selectAll().execute()
    await db.transaction().execute((trx) => trx.insertInto("notes").values({ note: "n" }).execute())
    await db.connection().execute((own) => own.selectFrom("notes").selectAll().execute())
    expect(told("session.reset")).toEqual([])
  })
})

describe("what onConnect has set", () => {
  const setUp = (log: string[] = []): DriverOptions => ({
    onConnect: async (connection) => {
      log.push("onConnect")
      await connection.query("set app.tenant = 'ours'; set work_mem = '5MB'; listen ours; prepare ours as select 1")
      await connection.query("select set_config($1, $2, false), pg_advisory_lock_shared(9)", ["app.region", "eu"])
      await connection.query("create temp table ours (n int)")
    },
  })

  it("is there again after a reset, and nothing else is", async () => {
    const log: string[] = []
    start(setUp(log))
    const before = [await state(), await pid()]
    await engine.run(text("set app.tenant = 'mine'"))
    await engine.run(text("deallocate all"))
    await engine.run(text("unlisten *"))
    await engine.run(text("select pg_advisory_unlock_all()"))
    await engine.run(text("discard all"))
    await engine.run(text("reset all"))
    expect([await state(), await pid()]).toEqual(before)
    expect(log).toHaveLength(7)
    await engine.run(text("select 1"))
    expect(log).toHaveLength(7)
  })

  it("costs the connection if it cannot be set again", async () => {
    let times = 0
    start({
      onConnect: async (connection) => {
        times += 1
        await connection.query(times === 2 ? "select 1/0" : "set app.tenant = 'ours'")
      },
    })
    const before = await pid()
    await engine.run(text("set app.tenant = 'mine'"))
    expect(await pid()).not.toEqual(before)
    expect(await engine.run(text("select current_setting('app.tenant') as t"))).toMatchObject({
      value: { rows: [{ t: "ours" }] },
    })
  })

  it("costs the connection if that takes too long, and the slot comes back", async () => {
    let times = 0
    start({
      timeouts: { connectMs: 200 },
      onConnect: async () => {
        times += 1
        if (times === 2) await new Promise<never>(() => {})
      },
    })
    const before = await pid()
    await engine.run(text("set app.tenant = 'mine'"))
    expect(await pid()).not.toEqual(before)
  })
})

it("what the docs say cannot be seen is not: a setting that a function makes inside", async () => {
  start()
  await database.ask(`create function quietly() returns text language sql as
    $$ select set_config('app.tenant', 'quietly', false) $$`)
  await engine.run(text("select quietly()"))
  expect(await engine.run(text("select current_setting('app.tenant') as t"))).toMatchObject({
    value: { rows: [{ t: "quietly" }] },
  })
  const db = new Kysely<object>({ dialect: engine.dialect() })
  expect((await sql<{ t: string }>`show app.tenant`.execute(db)).rows).toEqual([{ "app.tenant": "quietly" }])
})
