import { readFile } from "node:fs/promises"
import { join } from "node:path"
import { generate } from "@kysely-resilient/codegen-config"
import { createDatabase, type Database, type DatabaseOptions } from "@kysely-resilient/core"
import { defineSchema, type Schema } from "@kysely-resilient/core/schema"
import { dataIn } from "@kysely-resilient/codegen-config/src/generated-file.ts"
import { CamelCasePlugin, ParseJSONResultsPlugin } from "kysely"
import type { Client } from "pg"
import { afterEach, beforeAll, describe, expect, it, vi } from "vitest"
import { testDatabase } from "../../support/databases.ts"
import { errorOf, valueOf } from "../../support/results.ts"
import { scratchFolder } from "../codegen/type-check.ts"

const setup = `
create type mood as enum ('sad', 'ok');
create table users (
  user_id int primary key, email text not null constraint users_email_key unique,
  mood mood, mail_at timestamptz constraint users_mail_check check (mail_at > '2000-01-01')
);
create table posts (id int primary key, author int not null constraint posts_author_fk references users);
create schema elsewhere;
create table elsewhere.users (nothing text);
create schema hidden;
`

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(setup)) })

let admin: Client
let schema: Schema<unknown>
beforeAll(async () => {
  admin = await database.connect()
  schema = await generatedSchema({})
})

async function generatedSchema(config: { readonly camelCase?: boolean }): Promise<Schema<unknown>> {
  await using folder = await scratchFolder()
  const outFile = join(folder.path, "schema.gen.ts")
  await generate({ connection: database.url, outFile, ...config })
  const data = dataIn(await readFile(outFile, "utf8"))
  if (!data) throw new Error("the file says nothing of itself")
  return defineSchema<unknown>(data)
}

const undo: string[] = []
afterEach(async () => {
  for (const text of undo.splice(0)) await admin.query(text)
})

async function change(text: string, back: string): Promise<void> {
  undo.push(back)
  await admin.query(text)
}

function open(
  options: Omit<DatabaseOptions, "schema"> & { readonly as?: Schema<unknown> } = {},
): Database<unknown> & AsyncDisposable {
  const { as = schema, ...others } = options
  return createDatabase({ connection: database.url, pool: { min: 0, max: 2 }, ...others, schema: as })
}

async function driftOf(db: Database<unknown>): Promise<readonly string[]> {
  return valueOf(await db.checkSchema()).map(({ message }) => message)
}

describe("checkSchema", () => {
  it("finds nothing where nothing differs, whatever plugins and policy do to what is read", async () => {
    await using plain = open()
    expect(await driftOf(plain)).toEqual([])
    await using camel = open({
      as: await generatedSchema({ camelCase: true }),
      plugins: [new CamelCasePlugin(), new ParseJSONResultsPlugin()],
    })
    expect(await driftOf(camel)).toEqual([])
  })

  it("names each table, column, label and constraint that differs, as the database names it", async () => {
    await change("alter table users rename email to mail", "alter table users rename mail to email")
    await change("alter type mood rename value 'sad' to 'down'", "alter type mood rename value 'down' to 'sad'")
    await change(
      "alter table posts drop constraint posts_author_fk",
      "alter table posts add constraint posts_author_fk foreign key (author) references users",
    )
    await change("create table extra (id int)", "drop table extra")
    await change("alter table posts add body text", "alter table posts drop body")
    const expected = [
      "extra: is in the database and not in the file",
      "posts.body: is in the database and not in the file",
      "posts: the constraint posts_author_fk is in the file and not in the database",
      "users.email: is called mail in the database",
      'users.mood: of the enum\'s labels, "sad" only in the file and "down" only in the database',
    ]
    await using db = open()
    expect(await driftOf(db)).toEqual(expected)
    expect(valueOf(await db.checkSchema()).map(({ breaking }) => breaking)).toEqual([false, false, true, true, true])
  })

  it("says that search_path finds another table, and that a schema or a table is out of reach for the role", async () => {
    await using astray = open({ connection: `${database.url}?options=-c%20search_path%3Delsewhere,public` })
    expect(await driftOf(astray)).toEqual([
      "users: queries do not find it in the schema public, because search_path is elsewhere,public",
    ])
    await using nowhere = open({ connection: `${database.url}?options=-c%20search_path%3Dhidden` })
    expect(await driftOf(nowhere)).toEqual([
      "Queries find no table of the schema public, because search_path is hidden",
    ])
    await admin.query("create role reader login password 'reader'; grant select on posts to reader")
    undo.push("revoke all on posts from reader; drop role reader")
    const asReader = new URL(database.url)
    asReader.username = "reader"
    asReader.password = "reader"
    await using reader = open({ connection: asReader.href })
    expect(await driftOf(reader)).toEqual(["users: the role reader may neither read nor write it"])
    await admin.query("revoke usage on schema public from public")
    undo.unshift("grant usage on schema public to public")
    expect(await driftOf(reader)).toEqual([
      "The role reader may not use the schema public: grant usage on schema public to reader",
    ])
  })

  it("says that a schema does not exist", async () => {
    await using db = open({ as: { ...schema, source: { schemas: ["public", "gone"] } } })
    expect(await driftOf(db)).toEqual([expect.stringMatching(/^The database \S+ has no schema gone$/)])
  })

  it("compares no more than the schema speaks of", async () => {
    await change("create table extra (id int)", "drop table extra")
    await using chosen = open({ as: { ...schema, source: { schemas: ["public"], exclude: ["ex*"] } } })
    expect(await driftOf(chosen)).toEqual([])
    const { tables } = schema
    await using byHand = open({ as: { tables: { posts: tables["posts"]! } } })
    expect(await driftOf(byHand)).toEqual(
      ["extra", "users"].map((table) => `${table}: is in the database and not in the file`),
    )
  })

  it("is refused without a schema, and is an Err where the database cannot be asked", async () => {
    await using none = createDatabase<unknown>({ connection: database.url, pool: { min: 0 } })
    expect(errorOf(await none.checkSchema())).toMatchObject({ kind: "refused", effect: "not_applied" })
    await using db = open()
    const aborted = AbortSignal.abort()
    expect(errorOf(await db.checkSchema({ signal: aborted }))).toMatchObject({ kind: "aborted" })
    expect(errorOf(await db.checkSchema({ timeoutMs: -1 }))).toMatchObject({ kind: "refused" })
    await using down = open({ connection: "postgres://127.0.0.1:1/x", retry: false })
    expect(errorOf(await down.checkSchema())).toMatchObject({ category: "availability" })
  })

  it("sees a migration that runs meanwhile as a whole or not at all", async () => {
    await using db = open()
    let migrating = true
    const migrations = (async () => {
      for (let turn = 0; turn < 30; turn++) {
        await admin.query("begin; create table both_a (id int); create table both_b (id int); commit")
        await admin.query("begin; drop table both_b; drop table both_a; commit")
      }
      migrating = false
    })()
    const sizes = new Set<number>()
    while (migrating) sizes.add((await driftOf(db)).length)
    await migrations
    expect([...sizes].filter((size) => size !== 0 && size !== 2)).toEqual([])
  })
})

describe("ready({ checkSchema })", () => {
  it("is Ok with a report where nothing breaks, though something is new", async () => {
    await change("alter table posts add body text", "alter table posts drop body")
    await using db = open()
    expect(valueOf(await db.ready({ checkSchema: "error" }))).toMatchObject({
      serverVersion: expect.any(String),
      drift: [{ kind: "column_added", table: "posts", column: "body", breaking: false }],
    })
    expect(valueOf(await db.ready())).not.toHaveProperty("drift")
    expect(valueOf(await db.ready({ checkSchema: false }))).not.toHaveProperty("drift")
  })

  it("is an Err that names what breaks, and has all of it", async () => {
    await change("alter table posts add body text", "alter table posts drop body")
    await change(
      "alter table users drop constraint users_email_key",
      "alter table users add constraint users_email_key unique (email)",
    )
    await using db = open()
    const error = errorOf(await db.ready({ checkSchema: "error", timeoutMs: 20_000 }))
    expect(error).toMatchObject({
      kind: "schema_drift",
      category: "bug",
      retry: "never",
      effect: "not_applied",
      message:
        "schema_drift: The database is not what the schema says: users: the constraint users_email_key is in the file and " +
        "not in the database; posts.body: is in the database and not in the file",
    })
    expect(error.kind === "schema_drift" && error.drift.map(({ kind }) => kind)).toEqual([
      "column_added",
      "constraint_missing",
    ])
    expect(JSON.parse(JSON.stringify(error))).toMatchObject({ drift: [{ table: "posts" }, { table: "users" }] })
  })

  it("only warns if that is asked for", async () => {
    await change("alter table users rename email to mail", "alter table users rename mail to email")
    const warned = vi.spyOn(process, "emitWarning").mockImplementation(() => {})
    await using db = open()
    expect(valueOf(await db.ready({ checkSchema: "warn" })).drift).toHaveLength(1)
    expect(warned.mock.calls).toEqual([
      [
        "The database is not what the schema says: users.email: is called mail in the database",
        { type: "KyselyResilientWarning", code: "SCHEMA_DRIFT" },
      ],
    ])
    warned.mockRestore()
  })

  it("refuses what is no choice", async () => {
    await using db = open()
    // @ts-expect-error -- JavaScript would let it in
    expect(errorOf(await db.ready({ checkSchema: true }))).toMatchObject({ kind: "refused" })
  })
})
