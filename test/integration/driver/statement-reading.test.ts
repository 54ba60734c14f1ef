import { HARMLESS, reachesBeyondReadOnly } from "@kysely-resilient/driver/src/postgres/functions.ts"
import { sqlText } from "@kysely-resilient/driver/src/postgres/sql-text.ts"
import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import * as fc from "fast-check"
import type { Client, QueryResult } from "pg"
import { beforeAll, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { reads } from "../../support/reads.ts"

const tables = `
  create table users (id serial primary key, name text not null, email text not null, age int, profile jsonb not null);
  create table posts (id serial primary key, author_id int, title text, published boolean, created_at timestamptz)`

const database = testDatabase(import.meta.url)
let client: Client

beforeAll(async () => {
  client = await database.connect()
  await client.query(`${tables}; create schema app; set search_path = app; ${tables}; reset search_path`)
})

/** The SQLSTATE with which the server refuses it; undefined if it does not. */
async function refusal(text: string, parameters: readonly unknown[] = []): Promise<string | undefined> {
  try {
    await client.query(text, [...parameters])
    return undefined
  } catch (error) {
    return error instanceof Error && "code" in error ? String(error.code) : "?"
  }
}

async function refusalWithin(
  begin: string,
  text: string,
  parameters?: readonly unknown[],
): Promise<string | undefined> {
  await client.query(begin)
  const refused = await refusal(text, parameters)
  await client.query("rollback")
  return refused
}

/** How many statements the server finds in a text; undefined if it refuses it. */
async function countedByServer(text: string): Promise<number | undefined> {
  try {
    const result: QueryResult | QueryResult[] = await client.query(text)
    // An empty text has one result, of no command.
    return (Array.isArray(result) ? result : [result]).filter(({ command }) => command !== null).length
  } catch {
    return undefined
  }
}

describe("what is called a read", () => {
  // `->$` is MySQL's JSON path; Kysely writes it for PostgreSQL as well.
  const onPostgres = reads.filter(([name]) => name !== "a JSON path")

  it.each(onPostgres)("%s: the server runs it in a read-only transaction", async (_, query) => {
    const compiled = query.compile()
    expect(describeStatement(compiled).reads).toBe("proved")
    expect(await refusalWithin("begin read only", compiled.sql, compiled.parameters)).toBeUndefined()
  })

  it("calls no function that the catalogue calls volatile, but for those that only answer differently", async () => {
    const volatile = await client.query<{ name: string }>(
      `select distinct proname as name from pg_proc
       where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v' and proname = any($1)`,
      [[...HARMLESS]],
    )
    const onlyDiffer = [
      "clock_timestamp",
      "gen_random_uuid",
      "pg_database_size",
      "pg_indexes_size",
      "pg_is_in_recovery",
      "pg_relation_size",
      "pg_table_size",
      "pg_total_relation_size",
      "random",
      "timeofday",
      "uuidv4",
      "uuidv7",
    ]
    expect(onlyDiffer).toEqual(expect.arrayContaining(volatile.rows.map(({ name }) => name)))
  })

  it("calls only functions that there are", async () => {
    const there = await client.query<{ name: string }>(
      "select distinct proname as name from pg_proc where pronamespace = 'pg_catalog'::regnamespace",
    )
    const names = new Set(there.rows.map(({ name }) => name))
    const syntax = [
      "all",
      "any",
      "array",
      "coalesce",
      "exists",
      "greatest",
      "grouping",
      "least",
      "nullif",
      "row",
      "some",
    ]
    const newer = ["any_value", "json_agg_strict", "uuidv4", "uuidv7"]
    const missing = [...HARMLESS].filter((name) => !names.has(name) && !/_strict$|_unique$|^regexp_/.test(name))
    expect([...syntax, ...newer, "date_bin", "unistr", "trim_array"]).toEqual(expect.arrayContaining(missing))
  })

  it.each([
    "select pg_notify('c', 'm')",
    "select pg_advisory_lock(1)",
    "select pg_advisory_unlock_all()",
    "select set_config('app.name', 'x', false)",
    "select pg_cancel_backend(0)",
    "select pg_stat_reset_shared('bgwriter')",
  ])("%s is none, because a read-only transaction would not stop it", async (text) => {
    expect(await refusalWithin("begin read only", text)).toBeUndefined()
    expect(
      describeStatement({ sql: text, parameters: [], query: { kind: "RawNode", sqlFragments: [text], parameters: [] } })
        .reads,
    ).toBe("no")
  })

  it("leaves no built-in function out that changes something and that a read-only transaction lets pass", async () => {
    const volatile = await client.query<{ name: string }>(
      `select distinct proname as name from pg_proc
       where pronamespace = 'pg_catalog'::regnamespace and provolatile = 'v' and prokind = 'f'
         and prorettype not in ('internal'::regtype, 'trigger'::regtype)`,
    )
    const changes =
      /^(?:lo_(?!get|lseek|tell|close)|pg_(?:.*reset|drop_|create_|.*_lock$|promote|reload|rotate|switch|terminate|cancel|notify|.*emit))/
    const suspicious = volatile.rows.map(({ name }) => name).filter((name) => changes.test(name))
    expect(suspicious.length).toBeGreaterThan(30)
    expect(suspicious.filter((name) => !reachesBeyondReadOnly(name))).toEqual([])
  })
})

describe("what may commit by itself", () => {
  it.each([
    "vacuum",
    "vacuum (analyze) users",
    "reindex schema public",
    "reindex table concurrently users",
    "cluster",
    "create database d",
    "drop database d",
    "create tablespace s location '/nowhere'",
    "drop tablespace s",
    "create index concurrently on users (name)",
    "create unique index concurrently if not exists i on users (email)",
    "drop index concurrently users_pkey",
    "alter system set work_mem = '1MB'",
    "create subscription s connection '' publication p",
    "discard all",
    "commit prepared 'x'",
    "rollback prepared 'x'",
  ])("%s is refused in a transaction block", async (text) => {
    expect(sqlText(text).statements[0]?.selfCommitting).toBe(true)
    expect(await refusalWithin("begin", text)).toBe("25001")
  })

  it.each([
    "create index on users (name)",
    "alter table users add column concurrent int",
    "create type mood as enum ('ok')",
    "create materialized view v as select 1 as a",
    "analyze users",
    "truncate users",
    "discard plans",
    "lock table users",
  ])("%s is not, and does not", async (text) => {
    expect(sqlText(text).statements[0]?.selfCommitting).toBe(false)
    expect(await refusalWithin("begin", text)).toBeUndefined()
  })
})

describe("how many statements there are", () => {
  const atoms = [
    ..."; ; ' \" $ $$ $t$ $1 -- /* */ ( ) + - * / , \\ @ || 1 1.5 1e a e x é a$b as end case union values(1)".split(
      " ",
    ),
    ..."'a' '' E' E'\\' e'x\\\\' U&'x' \"a\" b'1' x'f' n'q' select".split(" "),
    " ",
    "\n",
    "\r",
    "\t",
    "\u00a0",
    "select 1",
    "select 'x'",
    "/* /* */ */",
    "create function pg_temp.f() returns int begin atomic select 1;",
    "; end",
  ]
  const heads = fc.constantFrom("select 'x' ", "select 1 as a", "values (1)", "", "select ")
  const ends = fc.constantFrom(";", "; ", "--\n;", "/**/;", ";;", "")
  const texts = fc
    .array(fc.tuple(heads, fc.array(fc.constantFrom(...atoms), { maxLength: 5, size: "max" }), ends), {
      minLength: 1,
      maxLength: 4,
    })
    .map((parts) => parts.map(([head, middle, end]) => head + middle.join("") + end).join(""))

  it("is what the server counts, in every text that it takes", { timeout: 60_000 }, async () => {
    let taken = 0
    let several = 0
    await client.query("set client_min_messages = error")
    for (const text of fc.sample(texts, { numRuns: 3_000, seed: 20_260_101 })) {
      const results = await countedByServer(text)
      if (results === undefined) continue
      taken += 1
      if (results > 1) several += 1
      expect({ text, statements: sqlText(text).statements.length }).toEqual({ text, statements: results })
    }
    expect(taken).toBeGreaterThan(300)
    expect(several).toBeGreaterThan(40)
  })
})
