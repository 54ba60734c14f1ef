import { createDatabase, type Database } from "@kysely-resilient/core"
import { defineSchema, policy, type PolicyChoices, type SchemaDefinition } from "@kysely-resilient/core/schema"
import type { DriverOptions } from "@kysely-resilient/driver"
import { beforeAnswer, beforeExecute, cut, delay, startFaultProxy } from "@kysely-resilient/testing"
import { sql as sqlTag } from "kysely"
import { ok } from "neverthrow"
import { afterEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { errorOf, valueOf } from "../../../support/results.ts"

const setup = `
create type mood as enum ('sad', 'ok');
create type pair as (a int8, b numeric[]);
create domain fee as numeric not null;
create table things (
  id int8 primary key, mood mood, moods mood[], pair pair, pairs pair[], fee fee, at timestamptz, boxes box[], meta jsonb
);
insert into things values
  (1, 'ok', '{sad,NULL}', (1, '{1.10}'), array[(2, null)::pair], 1.50, '2020-01-01Z', '{(1,1),(0,0);(2,2),(0,0)}', '{"a": 1}'),
  (2, null, null, null, null, 2, 'infinity', null, null)`

interface DB {
  things: {
    id: bigint
    fee: string
    moods: (string | null)[] | null
    pair: { a: bigint | null } | null
    at: Date | null
  }
}

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })

const things: SchemaDefinition = {
  tables: {},
  types: { "public.mood": { kind: "enum", labels: ["sad", "ok"] } },
}

const opened: Database<DB>[] = []

function open(choices: PolicyChoices | null = {}, more: DriverOptions = {}, schema = things): Database<DB> {
  const db = createDatabase({
    schema: defineSchema<DB>({ ...schema, ...(choices !== null && { policy: policy(choices) }) }),
    connection: database.url,
    pool: { min: 0, max: 2 },
    ...more,
  })
  opened.push(db)
  return db
}

const first = {
  id: 1n,
  mood: "ok",
  moods: ["sad", null],
  pair: { a: 1n, b: ["1.10"] },
  pairs: [{ a: 2n, b: null }],
  fee: "1.50",
  at: new Date(Date.UTC(2020, 0, 1)),
  boxes: ["(1,1),(0,0)", "(2,2),(0,0)"],
  meta: { a: 1 },
}
/** Ours, about types. */
const QUESTION = /with recursive levels/
const FIRST = "select * from things where id = 1"

afterEach(async () => {
  for (const db of opened.splice(0)) valueOf(await db.close())
})

describe("types that are not built in", () => {
  it.each<[string, (db: Database<DB>) => Promise<unknown>]>([
    ["query", async (db) => valueOf(await db.query(FIRST)).rows[0]],
    [
      "a query with parameters",
      async (db) => valueOf(await db.query("select * from things where id = $1", [1])).rows[0],
    ],
    ["all", async (db) => valueOf(await db.all(db.selectFrom("things").selectAll().where("id", "=", 1n)))[0]],
    ["the hot Kysely", (db) => db.kysely.selectFrom("things").selectAll().where("id", "=", 1n).executeTakeFirst()],
    [
      "a stream of it",
      async (db) => {
        for await (const row of db.kysely.selectFrom("things").selectAll().orderBy("id").limit(1).stream(1)) return row
        return undefined
      },
    ],
    [
      "a stream",
      async (db) => {
        for await (const row of db.stream(db.selectFrom("things").selectAll().where("id", "=", 1n))) return valueOf(row)
        return undefined
      },
    ],
    [
      "a batch",
      async (db) => {
        const query = db.selectFrom("things").selectAll().where("id", "=", 1n)
        const { a, b } = valueOf(await db.batch({ a: query, b: query }))
        expect(a).toEqual(b)
        return b[0]
      },
    ],
    [
      "RETURNING",
      async (db) => valueOf(await db.one(db.updateTable("things").set({ id: 1n }).where("id", "=", 1n).returningAll())),
    ],
    [
      "RETURNING in a transaction",
      async (db) => {
        const answer = await db.transaction((tx) =>
          tx.one(tx.updateTable("things").set({ id: 1n }).where("id", "=", 1n).returningAll()),
        )
        return valueOf(answer)
      },
    ],
    ["several statements in one text", async (db) => valueOf(await db.query(`select 1; ${FIRST}`)).rows[0]],
  ])("are read by %s, on a connection that has not met them", async (_, ask) => {
    expect(await ask(open())).toEqual(first)
  })

  it("are asked for once per connection, and those that can be altered once per text", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const asked = proxy.rule({ when: beforeExecute(QUESTION), do: delay(0), times: 100 })
    const db = open({}, { connection: proxy.url(database.url) })
    const moods = ["select moods from things where id = 1", "select mood, moods from things where id = 1"]
    for (const sql of [...moods, ...moods])
      expect(valueOf(await db.query(sql)).rows).toMatchObject([{ moods: ["sad", null] }])
    expect(asked.hits).toBe(1)
    for (const sql of [FIRST, FIRST, "select pair from things where id = 1", FIRST]) valueOf(await db.query(sql))
    expect(asked.hits).toBe(3)
    const slowly = `select moods from things, pg_sleep(0.1) where id = 1`
    const two = await Promise.all([db.query(slowly), db.query(slowly)])
    expect(two.map((answer) => valueOf(answer).rows)).toEqual([[{ moods: ["sad", null] }], [{ moods: ["sad", null] }]])
    expect(asked.hits).toBe(4)
  })

  it("cost no question where nobody can want it: without a policy, and in a schema without such types", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const asked = proxy.rule({ when: beforeExecute(QUESTION), do: delay(0), times: 100 })
    const connection = proxy.url(database.url)
    const plain = valueOf(await open(null, { connection }).query(FIRST)).rows[0]
    expect(plain).toMatchObject({
      id: "1",
      moods: "{sad,NULL}",
      pair: "(1,{1.10})",
      boxes: "{(1,1),(0,0);(2,2),(0,0)}",
    })
    const builtIn = { ...things, types: {} }
    expect(valueOf(await open({}, { connection }, builtIn).query(FIRST)).rows[0]).toMatchObject({
      ...first,
      moods: "{sad,NULL}",
      pair: "(1,{1.10})",
      pairs: '{"(2,)"}',
    })
    expect(asked.hits).toBe(0)
  })
})

describe("a type that changes while connections live", () => {
  const WORDS = "select word, words from words"

  it("is read as what it is now: dropped and made again, as something else, or made later", async () => {
    const db = open({}, { pool: { min: 0, max: 1 } })
    const answers: unknown[] = []
    for (const [type, value] of [
      ["enum ('a')", "'a'"],
      ["(n int8)", "'(1)'"],
      ["range (subtype = int8)", "'[1,3)'"],
      ["(t text, u text)", "'(1,)'"],
    ]) {
      const kind = type?.startsWith("enum") ? "as enum" : "as"
      await database.ask(`create type word ${kind} ${type?.replace("enum ", "")}`)
      await database.ask(`create table words as select ${value}::word as word, array[${value}]::word[] as words`)
      answers.push(valueOf(await db.query(WORDS)).rows[0])
      await database.ask("drop table words; drop type word cascade")
    }
    expect(answers).toEqual([
      { word: "a", words: ["a"] },
      { word: { n: 1n }, words: [{ n: 1n }] },
      { word: "[1,3)", words: ["[1,3)"] },
      { word: { t: "1", u: null }, words: [{ t: "1", u: null }] },
    ])
  })

  it.each([
    ["alone", "select '(1,2)'::shape as s", (value: unknown) => value],
    ["in an array", "select array['(1,2)'::shape] as s", (value: unknown) => [value]],
    ["in another composite", "select row('(1,2)'::shape)::holder as s", (value: unknown) => ({ inside: value })],
    [
      "in a table's column that a stream reads",
      "select s from (values ('(1,2)'::shape)) v(s)",
      (value: unknown) => value,
    ],
  ])("is read with the attributes that it has now, %s", async (how, sql, within) => {
    await database.ask("create type shape as (a int4, b int8); create type holder as (inside shape)")
    try {
      const db = open({}, { pool: { min: 0, max: 1 } })
      const read = async (): Promise<unknown> => {
        if (!how.includes("stream")) return valueOf(await db.query<{ s: unknown }>(sql)).rows[0]?.s
        for await (const row of db.stream(db.sql<{ s: unknown }>`${sqlTag.raw(sql)}`)) return valueOf(row).s
        return undefined
      }
      expect([await read(), await read()]).toEqual([within({ a: 1, b: 2n }), within({ a: 1, b: 2n })])
      await database.ask("alter type shape rename attribute a to z")
      expect(await read()).toEqual(within({ z: 1, b: 2n }))
      await database.ask("alter type shape alter attribute b type text")
      expect(await read()).toEqual(within({ z: 1, b: "2" }))
      await database.ask("alter type shape drop attribute b; alter type shape add attribute c numeric")
      expect([await read(), await read()]).toEqual([within({ z: 1, c: "2" }), within({ z: 1, c: "2" })])
    } finally {
      await database.ask("drop type holder; drop type shape")
    }
  })

  const LATE = "select array['x'::late] as late"

  it("is an error where the transaction is older than it, and the transaction goes on", async () => {
    const db = open()
    const answer = await db.transaction(
      async (tx) => {
        valueOf(await tx.query("select 1"))
        await database.ask("create type late as enum ('x')")
        const failed = errorOf(await tx.query(LATE))
        valueOf(await tx.query("select 1"))
        return ok(failed)
      },
      { isolation: "repeatable read" },
    )
    expect(valueOf(answer)).toMatchObject({ kind: "decode_failed", column: "late" })
    expect(valueOf(await db.query(LATE)).rows).toEqual([{ late: ["x"] }])
  })
})

describe("a question that goes wrong", () => {
  it("is asked again on another connection, where the statement only reads", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const db = open({}, { connection: proxy.url(database.url) })
    const lost = proxy.rule({ when: beforeAnswer(QUESTION), do: cut() })
    expect(valueOf(await db.query(FIRST)).rows).toEqual([first])
    expect(lost.hits).toBe(1)
  })

  it("leaves a write undone that can be done again, and it is done once", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const db = open({}, { connection: proxy.url(database.url) })
    const lost = proxy.rule({ when: beforeAnswer(QUESTION), do: cut() })
    const before = await database.ask("select fee from things where id = 2")
    const raised = valueOf(await db.query("update things set fee = fee + 1 where id = 2 returning mood, moods, fee"))
    expect(lost.hits).toBe(1)
    expect(raised.rows).toEqual([{ mood: null, moods: null, fee: String(Number(before[0]?.["fee"]) + 1) }])
  })

  it("costs a transaction nothing but this answer, where the server does not tell", async () => {
    await database.ask("create role blind login password 'blind'; grant all on things to blind")
    await database.ask("revoke select on pg_catalog.pg_range from public")
    const url = new URL(database.url)
    url.username = "blind"
    url.password = "blind"
    const db = open({}, { connection: url.href })
    try {
      const answer = await db.transaction(async (tx) => {
        const failed = errorOf(await tx.query(FIRST))
        valueOf(await tx.query("update things set fee = 7 where id = 1"))
        return ok(failed)
      })
      expect(valueOf(answer)).toMatchObject({ kind: "decode_failed", column: "mood", effect: "not_applied" })
      expect(await database.ask("select fee from things where id = 1")).toEqual([{ fee: "7" }])
      expect(db.snapshot().pool).toMatchObject({ idle: 1, leased: 0 })
    } finally {
      await database.ask("grant select on pg_catalog.pg_range to public; update things set fee = 1.50 where id = 1")
      await database.ask("drop owned by blind; drop role blind")
    }
  })
})

describe("a value that its type cannot be", () => {
  it("fails its query, says where, and leaves the connection as it was", async () => {
    const db = open({}, { pool: { min: 0, max: 1 } })
    const pid = async (): Promise<unknown> => valueOf(await db.query("select pg_backend_pid() as pid")).rows
    const before = await pid()
    const error = errorOf(await db.all(db.selectFrom("things").select(["id", "at"]).orderBy("id")))
    expect(error).toMatchObject({ kind: "decode_failed", column: "at", type: "timestamptz", retry: "never" })
    expect(error.message).not.toMatch(/2020/)
    expect(await pid()).toEqual(before)
    const chosen = open({ timestamptz: "string" })
    expect(valueOf(await chosen.query("select at from things where id = 2")).rows).toEqual([{ at: "infinity" }])
  })
})
