import { createDatabase, describe as tell, toProblem, type Database, type DatabaseError } from "@kysely-resilient/core"
import { CONDITION_CODES, conditionOf } from "@kysely-resilient/core/src/errors/condition.ts"
import type { DriverEvent } from "@kysely-resilient/driver"
import { logLine } from "@kysely-resilient/driver/src/telemetry/log-line.ts"
import { sql } from "kysely"
import { afterAll, beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { everythingSeen } from "../../support/everything-seen.ts"
import { errorOf } from "../../support/results.ts"

/** In small letters, as PostgreSQL folds names: wherever it is a value, it must not come out. */
const CANARY = "c4n4ry"
const NUMBER = "4815162342"

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query(`
      create table users (
        id int primary key,
        email text constraint users_email_key unique,
        age int constraint users_age_check check (age < 200),
        name text not null,
        during int4range,
        constraint users_during_excl exclude using gist (during with &&)
      );
      create table posts (author int constraint posts_author_fk references users deferrable initially deferred);
      create domain small as text constraint small_check check (length(value) < 5);
      create type mood as enum ('sad');
      insert into users values (1, '${CANARY}', 1, 'x', '[1,2]');
      create function shout(what text) returns int language plpgsql as $$
        begin raise exception 'about %', what using detail = what, hint = what, errcode = '40001', constraint = what, table = what; end $$;
      create function dynamic(what text) returns int language plpgsql as $$
        declare n int; begin execute 'select ' || what into n; return n; end $$;
      create function noisy(what text) returns int language plpgsql as $$
        begin raise warning '%', what; perform 1 / 0; return 1; end $$`)
  },
})

let db: Database<Record<string, never>>
const told: DriverEvent[] = []

beforeAll(() => {
  db = createDatabase({ connection: database.url, retry: false, observer: (event) => void told.push(event) })
})
afterAll(() => db.close())

/** Values that arrive as parameters. */
const PARAMETERS: readonly (readonly [string, readonly unknown[]])[] = [
  ["insert into users values (2, $1, 1, 'x')", [CANARY]],
  ["insert into users values (2, $1, 999, 'x')", [CANARY]],
  ["insert into users values (2, $1, 1, null)", [CANARY]],
  ["insert into users values ($1, 'y', 1, 'x')", [CANARY]],
  ["insert into users values (3, $1, 1, 'x', '[1,2]')", [CANARY]],
  ["insert into users values ($1, 'y', 1, 'x')", [NUMBER]],
  ["insert into posts values ($1::bigint::int)", [NUMBER]],
  ["select $1::small", [CANARY]],
  ["select $1::mood", [CANARY]],
  ["select $1::int", [CANARY]],
  ["select $1::uuid", [CANARY]],
  ["select $1::json", [`{"${CANARY}`]],
  ["select $1::xml", [`<${CANARY}`]],
  ["select $1::date", [CANARY]],
  ["select $1::regclass", [CANARY]],
  ["select $1::regtype", [CANARY]],
  ["select $1::regproc", [CANARY]],
  ["select $1::regrole", [CANARY]],
  ["select $1::regnamespace", [CANARY]],
  ["select $1::regprocedure", [`${CANARY}(int)`]],
  ["select to_regclass($1) + 1", [`"${CANARY}`]],
  ["select set_config($1, 'x', true)", [CANARY]],
  ["select current_setting($1)", [CANARY]],
  ["select regexp_replace('x', $1, '')", [`(${CANARY}`]],
  ["select to_date($1, 'YYYY')", [CANARY]],
  ["select $1::text::int[]", [`{${CANARY}}`]],
  ["select to_tsquery($1)", [`${CANARY} ${CANARY}`]],
  ["select jsonb_path_query('{}', $1::jsonpath)", [`$.${CANARY}.`]],
  ["select nextval($1)", [CANARY]],
  ["select shout($1)", [CANARY]],
  ["select dynamic($1)", [CANARY]],
  ["select dynamic($1)", [`'${CANARY}' ${CANARY}`]],
  ["select dynamic($1)", [`${CANARY}()`]],
  ["select noisy($1)", [CANARY]],
  ["select $1", [`\0${CANARY}`]],
  ["select pg_notify($1, 'x')", [CANARY.repeat(20)]],
  ["select query_to_xml($1, true, true, '')", [`select ${CANARY}`]],
  ["select has_table_privilege($1, 'select')", [CANARY]],
  ["select lo_import($1)", [CANARY]],
  ["select pg_read_file($1)", [CANARY]],
]

/** Values that somebody wrote into the text. */
const LITERALS: readonly string[] = [
  `insert into users values (2, '${CANARY}', 1, 'x')`,
  `select '${CANARY}'::int`,
  `select '${CANARY}'::regclass`,
  `select '${CANARY.toUpperCase()}'::regclass`,
  `select '${CANARY}'::regtype`,
  `select '${CANARY}.t'::regclass`,
  `select '${CANARY}(int)'::regprocedure`,
  `select '${CANARY}'::regrole`,
  `select '${CANARY}'::mood`,
  `select E'\\x63\\x34n4ry'::regclass`,
  `select U&'\\0063\\0034n4ry'::regclass`,
  `select $$${CANARY}$$::regclass`,
  `select $t$${CANARY}$t$::regtype`,
  `select '${CANARY.repeat(12)}'::regclass`,
  `select 1 '${CANARY}'`,
  `select 1 E'${CANARY}'`,
  `select 1 from users where email = '${CANARY}`,
  `select ${NUMBER}a`,
  `select ${NUMBER} ${NUMBER}`,
  `select * from users limit '${CANARY}'`,
  `select 1 /* ${CANARY} */ form users`,
  `select 1 /* ${CANARY}`,
  `select 1 -- ${CANARY}\n form users`,
  `select E'\\u00zz ${CANARY}'`,
  `select B'${CANARY}'`,
  `select X'${CANARY}'`,
  `select ${NUMBER}${NUMBER}::int`,
  `select '${CANARY}' = any(1)`,
  `select date '${CANARY}'`,
  `select interval '${CANARY}'`,
  `do $$ begin raise exception '${CANARY}'; end $$`,
  `do $$ begin ${CANARY}; end $$`,
  `set statement_timeout = '${CANARY}'`,
  `set search_path = '${CANARY}'; select nothing`,
  `alter role postgres password '${CANARY}' nonsense`,
  `create table t (x int default '${CANARY}')`,
  `alter table users alter column age type regclass using '${CANARY}'::regclass`,
  `create table t as select '${CANARY}'::regclass`,
  `create table t as select email::regclass from users`,
  `drop table nothing; select '${CANARY}'::regclass`,
  `notify users, '${CANARY}' extra`,
  `select * from json_to_recordset('[{"${CANARY}": 1}]') as x(a int, a int) where nonsense`,
  `copy users from program '${CANARY}' nonsense`,
]

function seenOf(error: DatabaseError): string {
  return [everythingSeen(error), tell(error), JSON.stringify(toProblem(error))].join("\n").toLowerCase()
}

/** All that can be seen of it, and of the log lines that it left. */
function heardOf(error: DatabaseError): string {
  return [seenOf(error), ...told.splice(0).map((event) => logLine(event) ?? "")].join("\n").toLowerCase()
}

const DATA = new RegExp(`${CANARY}|${NUMBER}`)

describe("a real server's error quotes no data", () => {
  it.each(PARAMETERS)("that came as a parameter: %s", async (text, parameters) => {
    expect(heardOf(errorOf(await db.query(text, parameters)))).not.toMatch(DATA)
    expect(heardOf(errorOf(await db.transaction((tx) => tx.query(text, parameters))))).not.toMatch(DATA)
    const streamed = await db.forEach(
      sql`${sql.raw(text.replaceAll("$1", "$2"))} ${sql.val(1)} ${parameters[0]}`,
      () => {},
    )
    expect(heardOf(errorOf(streamed))).not.toMatch(DATA)
  })

  it.each(LITERALS)("that stands in the text: %s", async (text) => {
    expect(heardOf(errorOf(await db.query(text)))).not.toMatch(DATA)
    // It does not compute what it does not need.
    const exists = await db.exists(sql.raw(text))
    if (exists.isErr()) expect(heardOf(exists.error)).not.toMatch(DATA)
    expect(heardOf(errorOf(await db.batch({ a: sql.raw("select 1"), b: sql.raw(text) })))).not.toMatch(DATA)
  })

  it("that a plain SQL statement lost its transaction with, at COMMIT", async () => {
    const failed = await db.transaction(async (tx) => tx.query("insert into posts values ($1)", [48_151_623]))
    const error = errorOf(failed)
    expect(error).toMatchObject({ kind: "foreign_key_violation", constraint: "posts_author_fk" })
    expect(seenOf(error)).not.toContain("48151623")
  })

  it("and says what it can all the same", async () => {
    const said = async (text: string, ...parameters: unknown[]): Promise<string> =>
      errorOf(await db.query(text, parameters)).message
    expect(await said("select emial from users where id = $1", 1)).toContain('column "emial" does not exist')
    expect(await said("select email from userz where email = 'ann'")).toContain('relation "userz" does not exist')
    expect(await said("select 1 form users")).toContain('syntax error at or near "users"')
    expect(await said("select email from users where nme = 'ann' limit 10")).toContain('column "nme" does not exist')
    expect(await said("alter table users drop column emial")).toContain('column "emial" of relation "users" does not')
    expect(await said("drop table userz")).toContain('table "userz" does not exist')
    expect(await said("alter table userz add x int")).toContain('relation "userz" does not exist')
    expect(await said("select 1 / 0")).toContain("division by zero (SQLSTATE 22012)")
    expect(await said("select nofunction($1::int)", 1)).toContain("function nofunction(integer) does not exist")
  })

  it("unless it was asked for", async () => {
    const open = createDatabase({ connection: database.url, retry: false, errors: { detail: "include" } })
    const error = errorOf(await open.query("insert into users values (2, $1, 1, 'wrote')", [CANARY]))
    expect(everythingSeen(error)).toContain(CANARY)
    expect(error.query?.sql).toContain("'wrote'")
    await open.close()
  })
})

describe("the conditions that messages name", () => {
  it("are called what PostgreSQL calls them", async () => {
    const code = CONDITION_CODES.map((one) => [one, conditionOf(one)?.replaceAll(" ", "_")])
    const raised = code.map(
      ([state, name]) => `begin raise ${name}; exception when others or assert_failure then
        if sqlstate <> '${state}' then raise '${name} is %, not ${state}', sqlstate; end if; end;`,
    )
    const client = await database.ask(`do $do$ begin ${raised.join("\n")} end $do$`)
    expect(client).toBeDefined()
    expect(CONDITION_CODES.length).toBeGreaterThan(90)
  })
})

describe("a connection's error quotes nothing of the connection string", () => {
  const password = "S3cr3tPassw0rd"
  const url = (change: (url: URL) => void): string => {
    const made = new URL(database.url)
    made.password = password
    change(made)
    return made.href
  }

  it.each([
    ["a wrong password, or a user that is none", (one: URL) => (one.username = password)],
    ["a port where nobody listens", (one: URL) => (one.port = "1")],
    ["a host that does not exist", (one: URL) => (one.hostname = `${password.toLowerCase()}.invalid`)],
    ["a database that does not exist", (one: URL) => (one.pathname = `/${password}`)],
    ["TLS that the server does not speak", (one: URL) => one.searchParams.set("sslmode", "require")],
    ["start-up options that are none", (one: URL) => one.searchParams.set("options", `-c ${password}=1`)],
  ])("%s", async (_, change) => {
    const connection = url(change)
    const other = createDatabase({ connection, retry: { outageWaitMs: 50 }, timeouts: { connectMs: 2_000 } })
    for (const result of [
      await other.ready({ timeoutMs: 2_000 }),
      await other.query("select 1", [], { timeoutMs: 2_000 }),
    ]) {
      expect(seenOf(errorOf(result))).not.toContain(password.toLowerCase())
    }
    await other.close()
  })

  it.each([
    `postgres://ann:${password}@host:notaport/db`,
    `postgres://ann:${password}@/db?sslmode=${password}`,
    `postgres://ann:${password}%@host/db`,
    `host=a password=${password} port=${password}`,
    password,
  ])("that cannot be read, where no password is shown: %s", async (connection) => {
    let said: unknown
    try {
      const other = createDatabase({ connection })
      said = errorOf(await other.ready({ timeoutMs: 500 }))
      await other.close()
    } catch (error) {
      said = error
    }
    expect(everythingSeen(said)).not.toContain(password)
  })
})
