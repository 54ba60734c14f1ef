import { createDatabase, json, type Database } from "@kysely-resilient/core"
import {
  defineSchema,
  policy,
  type JsonInput,
  type SchemaDefinition,
  type StandardSchema,
} from "@kysely-resilient/core/schema"
import { beforeAnswer, delay, startFaultProxy } from "@kysely-resilient/testing"
import type { ColumnType } from "kysely"
import { afterEach, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../../support/databases.ts"
import { errorOf, valueOf } from "../../../support/results.ts"

interface Meta {
  readonly tags: readonly string[]
}

type MetaColumn = ColumnType<Meta | null, JsonInput | null, JsonInput | null>

interface DB {
  posts: { id: number; meta: MetaColumn; other: MetaColumn; grid: number[][]; flat: number[] }
  shown: { id: number; meta: Meta | null }
  "audit.posts": { id: number; meta: MetaColumn }
}

const setup = `
create table posts (id int4 primary key, gone jsonb, meta jsonb, other json, grid int4[][], flat text[]);
alter table posts drop column gone;
create view shown as select id, meta from posts;
create schema audit;
create table audit.posts (id int4, meta jsonb);
create schema tenant;
create table tenant.posts (like public.posts)`

const rows = `
truncate posts, audit.posts, tenant.posts;
insert into posts values (1, '{"tags": ["a", "b"]}', '{"tags": 1}', '{{1,2},{3,4}}', '{a}'), (2, null, null, '{}', '{}');
insert into audit.posts values (1, '{"tags": 1}');
insert into tenant.posts select * from posts where id = 1`

/** Gives a new object, so that what came from it can be told from what did not. */
const meta: StandardSchema<Meta> = {
  "~standard": {
    version: 1,
    vendor: "test",
    validate(value) {
      if (typeof value !== "object" || value === null || !("tags" in value)) return { issues: [{ message: "no tags" }] }
      if (!Array.isArray(value.tags))
        return { issues: [{ message: `secret ${JSON.stringify(value)}`, path: ["tags"] }] }
      const wrong = value.tags.flatMap((tag: unknown, index) => (typeof tag === "string" ? [] : [index]))
      if (wrong.length > 0) return { issues: wrong.map((index) => ({ message: "no", path: [{ key: "tags" }, index] })) }
      return { value: { tags: value.tags.map((tag: unknown) => `checked ${String(tag)}`) } }
    },
  },
}

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })
const opened: Database<DB>[] = []

function open(changes: Partial<SchemaDefinition> = {}, connection = database.url): Database<DB> {
  const column = { type: "jsonb", nullable: true }
  const posts = { meta: column, other: column, grid: { type: "int4[][]", nullable: true } }
  const schema = defineSchema<DB>({
    tables: {
      posts: { kind: "table", columns: posts },
      "audit.posts": { kind: "table", columns: { meta: column } },
    },
    policy: policy(),
    decoders: { "posts.meta": meta, "shown.meta": meta },
    ...changes,
  })
  const db = createDatabase({ schema, connection, pool: { min: 0, max: 1 } })
  opened.push(db)
  return db
}

beforeEach(() => database.ask(rows))

afterEach(async () => {
  for (const db of opened.splice(0)) valueOf(await db.close())
})

const checked = { tags: ["checked a", "checked b"] }

describe("a json column with a decoder", () => {
  it.each([
    ["by its own name", "select meta from posts where id = 1"],
    ["under another", "select meta as meta from (select meta as m2 from posts where id = 1) x(meta)"],
    [
      "through a CTE and a join",
      "with p as (select * from posts) select p.meta from p join posts q using (id) where id = 1",
    ],
    ["through its view", "select meta from shown where id = 1"],
    ["in another schema that has the same tables", "select meta from tenant.posts"],
    ["from RETURNING", "update posts set id = 1 where id = 1 returning meta"],
  ])("is validated %s", async (_, sql) => {
    expect(valueOf(await open().query(sql)).rows).toEqual([{ meta: checked }])
  })

  it.each([
    ["another column", "select other as meta from posts where id = 1", { tags: 1 }],
    ["a table of the same name that the schema knows apart", "select meta from audit.posts", { tags: 1 }],
    ["an expression", `select meta || '{"more": 1}' as meta from posts where id = 1`, { tags: ["a", "b"], more: 1 }],
    ["null", "select meta from posts where id = 2", null],
  ])("says nothing of %s", async (_, sql, value) => {
    expect(valueOf(await open().query(sql)).rows).toEqual([{ meta: value }])
  })

  it("fails its query where a value does not fit, and says where but not what", async () => {
    const db = open()
    valueOf(
      await db.exec(
        db.insertInto("posts").values({ id: 3, meta: { tags: "secret" }, other: null, grid: [], flat: [] }),
      ),
    )
    valueOf(
      await db.exec(
        db.insertInto("posts").values({ id: 4, meta: json({ tags: ["a", 7, 8] }), other: null, grid: [], flat: [] }),
      ),
    )
    const failed = async (id: number): Promise<unknown> =>
      errorOf(await db.all(db.selectFrom("posts").select("meta").where("id", "=", id)))
    expect(await failed(3)).toMatchObject({ kind: "decode_failed", column: "meta", type: "jsonb" })
    expect(String(await failed(3))).toMatch(/at \$\.tags/)
    expect(String(await failed(3))).not.toMatch(/secret/)
    expect(String(await failed(4))).toMatch(/at \$\.tags\[1\], \$\.tags\[2\]/)
    expect(valueOf(await db.one(db.selectFrom("posts").select("meta").where("id", "=", 1)))).toEqual({ meta: checked })
  })

  it("is asked for once per table, and a table that is made again is another one", async () => {
    await using proxy = await startFaultProxy({ target: database.url })
    const asked = proxy.rule({ when: beforeAnswer(/with recursive levels/), do: delay(0), times: 100 })
    const db = open({}, proxy.url(database.url))
    const read = async (): Promise<unknown> => valueOf(await db.query("select meta from posts where id = 1")).rows[0]
    valueOf(await db.query("select 1 as meta"))
    expect(asked.hits).toBe(0)
    expect([await read(), await read()]).toEqual([{ meta: checked }, { meta: checked }])
    expect(asked.hits).toBe(1)
    await database.ask(
      "alter table posts rename to old; create table posts as select id, id as x, meta from old; drop table old cascade",
    )
    try {
      expect(await read()).toEqual({ meta: checked })
      expect(asked.hits).toBe(2)
      await database.ask(
        "alter table posts rename meta to old_meta; alter table posts add meta jsonb; update posts set meta = '1'",
      )
      expect(errorOf(await db.query("select meta from posts"))).toMatchObject({ kind: "decode_failed" })
      await database.ask("alter table posts rename meta to new_meta; alter table posts rename old_meta to meta")
      expect([await read(), await read()]).toEqual([{ meta: checked }, { meta: checked }])
    } finally {
      await database.ask("drop table posts; drop schema audit, tenant cascade")
      await database.ask(setup)
    }
  })

  it("must not answer with a promise", async () => {
    const slow: StandardSchema = {
      "~standard": { version: 1, vendor: "test", validate: () => Promise.reject(new Error("later")) },
    }
    const error = errorOf(await open({ decoders: { "posts.meta": slow } }).query("select meta from posts"))
    expect(error).toMatchObject({ kind: "decode_failed", column: "meta" })
    expect(error.message).toMatch(/synchronous/)
  })
})

describe("an array in a column", () => {
  it("has the dimensions that it was declared with, and more of them are an error", async () => {
    const db = open()
    expect(valueOf(await db.query("select grid, flat from posts where id = 1")).rows).toEqual([
      {
        grid: [
          [1, 2],
          [3, 4],
        ],
        flat: ["a"],
      },
    ])
    await database.ask("update posts set flat = '{{a,b}}' where id = 1")
    const error = errorOf(await db.all(db.selectFrom("posts").select("flat")))
    expect(error).toMatchObject({ kind: "decode_failed", column: "flat", type: "text[]" })
    expect(error.message).toMatch(/none with more than one/)
    expect(valueOf(await db.query("select flat || '{{c,d}}' as more from posts where id = 1")).rows).toEqual([
      {
        more: [
          ["a", "b"],
          ["c", "d"],
        ],
      },
    ])
  })
})
