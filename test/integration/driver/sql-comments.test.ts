import { AsyncLocalStorage } from "node:async_hooks"

import { createDatabase, WorkScope, type Database } from "@kysely-resilient/core"
import {
  createEngine,
  MARKER_MIGRATION,
  type DriverEvent,
  type DriverOptions,
  type SqlCommentOptions,
} from "@kysely-resilient/driver"
import { ResilientPool } from "@kysely-resilient/driver/pg-pool"
import { controlQuery as raw } from "@kysely-resilient/driver/src/execution/control.ts"
import * as fc from "fast-check"
import { sql } from "kysely"
import { ok } from "neverthrow"
import { afterEach, describe, expect, it } from "vitest"

import { anyText } from "../../support/any-text.ts"
import { testDatabase } from "../../support/databases.ts"

interface Tables {
  notes: { id: number; sent: string }
}

const database = testDatabase(import.meta.url, {
  setup: async (client) => {
    await client.query("create table notes (id int primary key, sent text)")
    for (const up of MARKER_MIGRATION.up) await client.query(up)
  },
})
const stops: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const stop of stops.splice(0)) await stop()
})

function open(sqlComments: boolean | SqlCommentOptions = true, more: DriverOptions = {}): Database<Tables> {
  const db = createDatabase<Tables>({ connection: database.url, pool: { min: 0, max: 4 }, sqlComments, ...more })
  stops.push(async () => db.close())
  return db
}

/** The server's own word for what its client has sent. */
const sent = sql<string>`current_query()`
const DRIVER = "db_driver='kysely-resilient'"
const lookup = (db: Database<Tables>) =>
  db.selectFrom("notes").select(({ fn }) => [fn.countAll().as("n"), sent.as("sent")])

/** What each session's last text was. */
const lastTexts = async (like: string): Promise<unknown[]> => {
  const rows = await database.ask(
    "select query from pg_stat_activity where datname = current_database() and pid <> pg_backend_pid() and query like $1",
    [`%${like}%`],
  )
  return rows.map(({ query }) => query)
}

describe("with sqlComments the server is told who sends", () => {
  it("a built statement, raw SQL, and each statement of a batch", async () => {
    const db = open({ application: "shop" })
    const comment = (action: string): string => `/*action='${action}',application='shop',${DRIVER}*/`
    const built = await db.one(lookup(db), { name: "find" })
    expect(built._unsafeUnwrap().sent).toBe(`${lookup(db).compile().sql} ${comment("find")}`)
    const own = await db.query("select current_query() as sent -- mine", [], { name: "raw one" })
    expect(own._unsafeUnwrap().rows).toEqual([
      { sent: `select current_query() as sent -- mine\n${comment("raw%20one")}` },
    ])
    const both = await db.batch({ a: lookup(db), b: lookup(db) }, { name: "both" })
    const { a, b } = both._unsafeUnwrap()
    for (const rows of [a, b])
      expect(rows).toMatchObject([{ sent: expect.stringContaining(comment("both")) as unknown }])
  })

  it("several statements in one text, behind the last", async () => {
    const db = open()
    const several = await db.query("select 1 as n; select current_query() as sent;", [], { name: "two" })
    expect(several._unsafeUnwrap().rows).toEqual([
      { sent: `select 1 as n; select current_query() as sent; /*action='two',${DRIVER}*/` },
    ])
  })

  it.each(["off", "xid", "marker"] as const)("a write, with resolution %s", async (resolution) => {
    const db = open(true, { resolution })
    const write = db.insertInto("notes").values({ id: 1, sent }).returning("sent")
    expect((await db.one(write, { name: "write" }))._unsafeUnwrap().sent).toMatch(
      / \/\*action='write',db_driver=\S+\*\/$/,
    )
    const counted = db.updateTable("notes").set({ sent })
    expect((await db.exec(counted, { name: "count" }))._unsafeUnwrap()).toMatchObject({ affected: 1n })
    expect((await db.one(db.deleteFrom("notes").returning("sent")))._unsafeUnwrap().sent).toContain("action='count'")
  })

  it("a stream, in each of its chunks", async () => {
    const db = open()
    const rows = sql<{ sent: string; n: number }>`select current_query() as sent, n from generate_series(1, 5) n`
    const texts: string[] = []
    for await (const row of db.stream({ compile: () => rows.compile(db.kysely) }, { chunkSize: 2, name: "stream" }))
      texts.push(row._unsafeUnwrap().sent)
    expect(texts).toHaveLength(5)
    for (const text of texts) expect(text).toMatch(/ n \/\*action='stream',\S+\*\/$/)
  })

  it("a transaction: what has no name of its own has the transaction's, and who sleeps in it can be found", async () => {
    const db = open()
    const done = await db.transaction(
      async (tx) => {
        const own = await tx.one(lookup(db), { name: "look" })
        expect(own._unsafeUnwrap().sent).toContain("action='look'")
        const inherited = await tx.one(lookup(db))
        expect(inherited._unsafeUnwrap().sent).toContain("action='place%20order'")
        await tx.exec(db.insertInto("notes").values({ id: 2, sent }))
        // The last thing sent is a question of ours, and says whose it is all the same.
        expect(await lastTexts("place%20order")).toHaveLength(1)
        return ok(1)
      },
      { name: "place order" },
    )
    expect(done.isOk()).toBe(true)
    expect(await lastTexts("commit /*action='place%20order'")).toHaveLength(1)
    await db.exec(db.deleteFrom("notes"))
  })

  it("Kysely's own executor, and COPY", async () => {
    const db = open()
    const { rows } = await sql<{ sent: string }>`select ${sent} as sent`.execute(db.kysely)
    expect(rows[0]?.sent).toMatch(/ as sent \/\*db_driver='kysely-resilient'\*\/$/)
    expect((await db.query("copy notes to stdout", []))._unsafeUnwrap().command).toBe("COPY")
  })

  it("ResilientPool's users, whose named statements stay as they are", async () => {
    const pool = new ResilientPool({
      connectionString: database.url,
      application_name: "old app",
      resilience: { sqlComments: { tags: () => ({ route: "/legacy" }) } },
    })
    stops.push(() => pool.end())
    const query = "select current_query() as sent, $1::int as n"
    const plain = await pool.query<{ sent: string }>(query, [1])
    expect(plain.rows[0]?.sent).toBe(`${query} /*application='old%20app',${DRIVER},route='%2Flegacy'*/`)
    const client = await pool.connect()
    for (const n of [1, 2]) {
      const named = await client.query<{ sent: string }>({ name: "mine", text: query, values: [n] })
      expect(named.rows[0]?.sent).toBe(query)
    }
    client.release()
  })

  it("where a statement comes from: a scope's route, known late or early, and what the caller's own context says", async () => {
    const jobs = new AsyncLocalStorage<string>()
    const db = open({ tags: () => ({ job: jobs.getStore() }) })
    const sentBy = async (): Promise<string> => (await db.one(lookup(db)))._unsafeUnwrap().sent
    let route: string | undefined
    const outer = new WorkScope({ route: "/outer" })
    const inner = outer.run(() => new WorkScope({ route: () => route }))
    const [scoped, nightly, other] = await Promise.all([
      inner.run(sentBy),
      jobs.run("nightly", () => db.transaction((tx) => tx.one(lookup(db)).map((row) => row.sent))),
      sentBy(),
    ])
    expect(scoped).toMatch(/\/\*db_driver='kysely-resilient',route='%2Fouter'\*\/$/)
    expect(nightly._unsafeUnwrap()).toMatch(/\/\*db_driver='kysely-resilient',job='nightly'\*\/$/)
    expect(other).toMatch(/\/\*db_driver='kysely-resilient'\*\/$/)
    route = "/late/:id"
    expect(await inner.run(sentBy)).toContain("route='%2Flate%2F%3Aid'")
    inner.end()
    outer.end()
  })
})

describe("with sqlComments everybody else reads the old text", () => {
  it("in events, errors, and in what is known of a text", async () => {
    const events: DriverEvent[] = []
    const db = open(true, { observer: (event) => void events.push(event) })
    const wrong = await db.query("select nothing from notes -- no", [], { name: "wrong" })
    const error = wrong._unsafeUnwrapErr()
    expect(error.query?.sql).toBe("select nothing from notes ")
    expect(JSON.stringify(error)).not.toContain("db_driver")
    // Sent as a read first, and refused by the server; then as the write that it is.
    const write = "with w as (insert into notes values (9, current_query()) returning sent) select sent from w"
    expect((await db.query(write, [], { name: "with" })).isOk()).toBe(true)
    const sqls = events.flatMap((event) => ("sql" in event && event.sql !== undefined ? [event.sql] : []))
    expect(sqls).toEqual(expect.arrayContaining([write]))
    expect(sqls.filter((text) => text.includes("/*"))).toEqual([])
    await db.exec(db.deleteFrom("notes"))
  })

  it("and without them the server does too", async () => {
    const db = open(false)
    expect((await db.one(lookup(db), { name: "find" }))._unsafeUnwrap().sent).toBe(lookup(db).compile().sql)
    const unsaid = createEngine({ connection: database.url, pool: { min: 0 } })
    stops.push(() => unsaid.close())
    expect(await unsaid.run(raw("select current_query() as sent"), { label: "x" })).toMatchObject({
      value: { rows: [{ sent: "select current_query() as sent" }] },
    })
  })

  it("a position in an error is that of the text without", async () => {
    const engine = createEngine({ connection: database.url, pool: { min: 0 }, sqlComments: true })
    stops.push(() => engine.close())
    const settled = await engine.run(raw("select 1 +, 2"))
    expect(settled).toMatchObject({ ok: false, failure: { cause: { position: "11" } } })
  })
})

describe("whatever is said", () => {
  /** Texts that end in all ways, and what they answer. */
  const TEXTS: readonly (readonly [sql: string, values: unknown[], rows: object[]])[] = [
    ["select 1 as n", [], [{ n: 1 }]],
    ["select $1::text as n", ["/* '"], [{ n: "/* '" }]],
    ["select 1 as n;", [], [{ n: 1 }]],
    ["select 1 as n -- the end", [], [{ n: 1 }]],
    ["select 1 as n /* the end */", [], [{ n: 1 }]],
    ["select 1 as n /* -- /* in */ */ --", [], [{ n: 1 }]],
    ["select '--' as n", [], [{ n: "--" }]],
    ["select e'\\'' as n", [], [{ n: "'" }]],
    ["select $q$ it's -- $q$ as n", [], [{ n: " it's -- " }]],
    ['select 1 as "--"', [], [{ "--": 1 }]],
    ["select 1 as n; select 2 as n -- two", [], [{ n: 2 }]],
  ]

  it("the server gets one comment with exactly that, and answers the same", async () => {
    let said: Readonly<Record<string, string>> = {}
    const engine = createEngine({
      connection: database.url,
      pool: { min: 0, max: 1 },
      sqlComments: { tags: () => said },
    })
    stops.push(() => engine.close())
    const anyTags = fc.dictionary(
      anyText(12),
      fc.oneof(anyText(30), fc.constantFrom("*/", "'", "\\", "\0", "--", "$$")),
      {
        maxKeys: 4,
      },
    )
    await fc.assert(
      fc.asyncProperty(anyTags, fc.constantFrom(...TEXTS), async (tags, [sqlText, values, rows]) => {
        said = tags
        const settled = await engine.run({ ...raw(sqlText), parameters: values })
        expect(settled).toMatchObject({ ok: true, value: { rows } })
        const shown = await engine.run(raw("select current_query() as sent"))
        const [row] = shown.ok ? shown.value.rows : []
        const all = { db_driver: "kysely-resilient", ...tags }
        const expected = Object.entries(all)
          .filter(([key]) => key !== "")
          .map((pair) => pair.map((one) => one.toWellFormed()))
        const comment = /^select current_query\(\) as sent \/\*([^*]*)\*\/$/.exec(
          String(Reflect.get(Object(row), "sent")),
        )?.[1]
        const pairs = (comment ?? "").split(",").map((pair) => /^([^']*)='([^']*)'$/.exec(pair)?.slice(1) ?? [])
        expect(pairs.map((pair) => String(pair.map(decodeURIComponent))).toSorted()).toEqual(
          expected.map(String).toSorted(),
        )
      }),
      { numRuns: 300 },
    )
  })

  it("a text that is cut off stays an error", async () => {
    const engine = createEngine({ connection: database.url, pool: { min: 0 }, sqlComments: { application: "a'*/" } })
    stops.push(() => engine.close())
    for (const broken of [
      "select 'open",
      'select "open',
      "select 1 /* open",
      "select $q$ open",
      "select e'open\\",
      "select 1 /*/",
    ])
      expect(await engine.run(raw(broken))).toMatchObject({ ok: false, failure: { sqlState: "42601" } })
  })
})
