import { worse, type Leftovers } from "@kysely-resilient/driver/src/postgres/leftovers.ts"
import { resetSql } from "@kysely-resilient/driver/src/postgres/session.ts"
import { sqlText } from "@kysely-resilient/driver/src/postgres/sql-text.ts"
import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import * as fc from "fast-check"
import { CompiledQuery } from "kysely"
import { describe, expect, it } from "vitest"

import { anyText } from "../../../support/any-text.ts"
import { coldKysely } from "../../../support/cold-kysely.ts"

function left(text: string): Leftovers {
  return sqlText(text).statements.reduce<Leftovers>((all, { leaves }) => worse(all, leaves), "nothing")
}

describe("what a text may leave in its session", () => {
  it.each([
    "",
    "select 1",
    "(select 1) union (select 2)",
    "with x as (select 1) insert into t select * from x",
    "select 'set role x; listen y' as \"pg_advisory_lock(1)\" -- prepare p as select 1",
    "select $$ set_config('a', 'b', false) $$",
    'select temp, "temp".temporary from temp',
    "select pg_advisory_xact_lock(1), pg_try_advisory_xact_lock_shared(1, 2)",
    "select pg_advisory_lock from t",
    "select set_config('a', (select max(b) from t), true)",
    "select (set_config('a', $1, TRUE))",
    "set local work_mem = '1MB'",
    "set transaction isolation level serializable",
    "set constraints all deferred",
    "begin; savepoint a; release a; commit",
    "prepare transaction 'x'",
    "declare c cursor without hold for select 1",
    "create table temp (n int)",
    "create or replace view v as select 1",
    "create unlogged table t (n int)",
    "alter table t add column temp int",
    "notify c",
    "explain analyze select 1",
  ])("%j: nothing", (text) => expect(left(text)).toBe("nothing"))

  it.each([
    "set work_mem = '1MB'",
    "SET SESSION ROLE x",
    "set session characteristics as transaction read only",
    "set role x",
    "reset all",
    "listen c",
    "unlisten *",
    "discard temp",
    "execute p",
    "do $$ begin end $$",
    "call p()",
    "declare c binary cursor with hold for select 1",
    "create temp table t (n int)",
    "create local temporary sequence s",
    "create or replace temp view v as select 1",
    "create table pg_temp.t (n int)",
    'create function "pg_temp".f() returns int language sql as $$ select 1 $$',
    "select * into temp t from u",
    "select * into local temporary t from u",
    "select * into pg_temp.t from u",
    "select set_config('a', 'b', false)",
    "select set_config('a', 'b', $1)",
    "select set_config('a', 'b', not true)",
    "select set_config('a', set_config('b', 'c', true), false)",
    "select set_config('a', set_config('b', 'c', false), true)",
    "select pg_catalog.\"set_config\"('a', 'b', false)",
    "select PG_ADVISORY_LOCK (1)",
    "select pg_try_advisory_lock_shared(1)",
    "select pg_advisory_unlock_all()",
    "update t set n = 1 where pg_try_advisory_lock(id)",
    "insert into t values (1) returning pg_advisory_lock(n)",
    "(select pg_advisory_lock(1))",
    "some_command_of_the_future",
  ])("%j: state", (text) => expect(left(text)).toBe("state"))

  it.each(["prepare p as select 1", "deallocate p", "discard all", "set a.b = 1; prepare p as select 1"])(
    "%j: statements",
    (text) => expect(left(text)).toBe("statements"),
  )

  it.each(["load 'auto_explain'", "select setseed(0.1)", "set seed to 0.1", "select dblink_connect('x')"])(
    "%j: what lasts",
    (text) => expect(left(text)).toBe("lasting"),
  )

  it("is the worst of several statements, whatever their order", () => {
    fc.assert(
      fc.property(fc.shuffledSubarray(["select 1", "set a.b = 1", "prepare p as select 1", "load 'x'"]), (texts) => {
        expect(left(texts.join(";"))).toBe(texts.map(left).reduce(worse, "nothing"))
      }),
    )
  })

  it("is found in any text without failing, and never where there are only spaces and strings", () => {
    fc.assert(fc.property(anyText(60), (text) => void left(text)))
    fc.assert(
      fc.property(fc.string({ maxLength: 40 }), (text) => {
        expect(left(`select '${text.replaceAll("'", "''")}'`)).toBe("nothing")
      }),
    )
  })
})

describe("what a statement may leave", () => {
  const db = coldKysely()

  it("is nothing for what builders build", () => {
    expect(describeStatement(db.selectFrom("users").selectAll().compile()).leaves).toBeUndefined()
    expect(describeStatement(db.deleteFrom("users").compile()).leaves).toBeUndefined()
  })

  it("is seen through a builder too", () => {
    const locking = db.selectNoFrom((eb) => eb.fn("pg_advisory_lock", [eb.lit(1)]).as("l")).compile()
    expect(describeStatement(locking)).toMatchObject({ reads: "no", leaves: "state" })
    const returning = db
      .insertInto("users")
      .values({ name: "n", email: "e", profile: "{}" })
      .returning((eb) => eb.fn("pg_advisory_lock", ["id"]).as("l"))
      .compile()
    expect(describeStatement(returning)).toMatchObject({ reads: "no", leaves: "state" })
    const temporary = db.schema.createTable("t").temporary().addColumn("n", "integer").compile()
    expect(describeStatement(temporary)).toMatchObject({ leaves: "state" })
  })

  it("makes no read of what leaves something", () => {
    expect(describeStatement(CompiledQuery.raw("select 1 into temp t")).reads).toBe("no")
  })
})

describe("the reset", () => {
  it("keeps prepared statements, which may be ours, unless others were prepared", () => {
    expect(resetSql("state", false)).not.toContain("deallocate")
    expect(resetSql("statements", false)).toContain("deallocate all")
    expect(resetSql("state", true)).toContain("deallocate all")
  })

  it("does not exist for what only the end of the session undoes", () => {
    expect(resetSql("lasting", false)).toBeUndefined()
  })
})
