import { describeStatement } from "@kysely-resilient/driver/src/postgres/statement.ts"
import { rememberSummary, summaryOf } from "@kysely-resilient/driver/src/postgres/query-summary.ts"
import { textSummary } from "@kysely-resilient/driver/src/postgres/text-summary.ts"
import { treeSummary } from "@kysely-resilient/driver/src/postgres/tree-summary.ts"
import fc from "fast-check"
import { sql, type Compilable } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"

const db = coldKysely()
const users = db.selectFrom("users").select("id")
const shop = db.withSchema("shop")

const built: readonly (readonly [Compilable, string])[] = [
  [users, "SELECT users"],
  [users.where("name", "=", "SELECT secrets"), "SELECT users"],
  [shop.selectFrom("users").selectAll(), "SELECT shop.users"],
  [db.selectFrom("users as u").innerJoin("posts as p", "p.author_id", "u.id").select("u.id"), "SELECT users posts"],
  [db.selectFrom(["users as a", "posts as b"]).select("a.id"), "SELECT users posts"],
  [db.selectFrom("users as a").innerJoin("users as b", "a.id", "b.id").select("a.id"), "SELECT users"],
  [users.forUpdate(), "SELECT users"],
  [users.where("id", "in", db.selectFrom("posts").select("author_id")), "SELECT users posts"],
  [users.union(db.selectFrom("posts").select("id")), "SELECT users posts"],
  [db.selectFrom(db.selectFrom("posts").select("id").as("p")).select("p.id"), "SELECT posts"],
  [
    db
      .with("recent", (q) => q.selectFrom("posts").select("id"))
      .selectFrom("recent")
      .select("id"),
    "SELECT posts",
  ],
  [
    db
      .with("recent", (q) => q.selectFrom("posts").select("author_id"))
      .selectFrom("recent")
      .innerJoin("users", "users.id", "author_id")
      .select("id"),
    "SELECT posts users",
  ],
  [
    db
      .with("gone", (q) => q.deleteFrom("posts").returning("author_id"))
      .selectFrom("gone")
      .innerJoin("users", "users.id", "author_id")
      .select("id"),
    "DELETE posts SELECT users",
  ],
  [
    db.insertInto("posts").values({ author_id: 1, title: "a", published: true, created_at: new Date(0) }),
    "INSERT posts",
  ],
  [
    db.insertInto("users").columns(["name"]).expression(db.selectFrom("posts").select("title")),
    "INSERT users SELECT posts",
  ],
  [
    db
      .insertInto("users")
      .values({ name: "a", email: "b", profile: "{}" })
      .onConflict((c) => c.column("email").doUpdateSet({ name: "b" })),
    "INSERT users",
  ],
  [db.updateTable("users").set({ name: "x" }).where("id", "=", 1), "UPDATE users"],
  [
    db.updateTable("users").from("posts").set({ name: "x" }).whereRef("posts.author_id", "=", "users.id"),
    "UPDATE users posts",
  ],
  [db.deleteFrom("users").where("id", "=", 1), "DELETE users"],
  [db.deleteFrom("users").using("posts").whereRef("posts.author_id", "=", "users.id"), "DELETE users posts"],
  [db.mergeInto("users").using("posts", "posts.author_id", "users.id").whenMatched().thenDelete(), "MERGE users posts"],
]

describe("treeSummary", () => {
  it.each(built.map(([query, summary]) => [query.compile().sql, query, summary] as const))(
    "%s",
    (_, query, summary) => {
      expect(treeSummary(query.compile().query)).toBe(summary)
    },
  )

  it("says nothing of what is no query of tables", () => {
    expect(treeSummary(db.schema.dropTable("users").compile().query)).toBeUndefined()
    expect(treeSummary(sql`select 1`.compile(db).query)).toBeUndefined()
  })

  it("does not look through ten thousand rows", () => {
    const row = { name: "a", email: "b", profile: sql<string>`'{}'` }
    const many = db.insertInto("users").values(Array.from({ length: 10_000 }, () => row))
    const { query } = many.compile()
    // The best of several: what else the machine does meanwhile only adds to it.
    const times = Array.from({ length: 5 }, () => {
      const startedAt = performance.now()
      expect(treeSummary(query)).toBe("INSERT users")
      return performance.now() - startedAt
    })
    expect(Math.min(...times)).toBeLessThan(40)
  })
})

describe("textSummary", () => {
  it.each(built.map(([query, summary]) => [query.compile().sql, summary] as const))(
    "reads the same out of the text that was compiled: %s",
    (text, summary) => expect(textSummary(text)).toBe(summary),
  )

  it.each([
    ["select * from users", "SELECT users"],
    ["SELECT * FROM Users u, posts AS p LEFT JOIN public.tags t ON true", "SELECT Users posts public.tags"],
    ['select * from "Odd ""name"""', 'SELECT Odd "name"'],
    ["select 'from secrets', $$ from secrets $$ from users -- from secrets", "SELECT users"],
    ["select extract(day from created_at), trim(both from name) from posts", "SELECT posts"],
    ["select a is distinct from b from users", "SELECT users"],
    ["select 1", "SELECT"],
    ["select * from generate_series(1, 3)", "SELECT"],
    [
      "with recursive tree(id) as (select id from nodes union all select n.id from nodes n join tree on true) select * from tree",
      "SELECT nodes",
    ],
    [
      "with a as materialized (select 1 from x), b as not materialized (select 1 from y) select * from a, b, z",
      "SELECT x y z",
    ],
    ["insert into users (name) values ('a') on conflict (name) do update set name = 'b'", "INSERT users"],
    ["insert into users select * from old_users", "INSERT users SELECT old_users"],
    ["update only users set name = 'a' from posts where true", "UPDATE users posts"],
    ["delete from users using posts where true", "DELETE users posts"],
    ["select * from users for no key update", "SELECT users"],
    ["select * from users; delete from posts", "SELECT users DELETE posts"],
    ["truncate table users", "TRUNCATE users"],
    ["call pay(1, 2)", "CALL pay"],
    ["create unique index if not exists i on users (id)", "CREATE INDEX i"],
    ["drop table if exists users", "DROP TABLE users"],
    ["begin", "BEGIN"],
    ["set local lock_timeout = 10", "SET"],
    ["explain analyze select * from users", "EXPLAIN SELECT users"],
    ["vacuum", "VACUUM"],
    ["", ""],
    [" -- nothing", ""],
  ])("%s", (text, summary) => expect(textSummary(text)).toBe(summary))

  it("shows nothing of what stands in a string, a number or a comment", () => {
    const secret = "hunter2"
    const places = [`'${secret}'`, `e'\\'${secret}'`, `$x$${secret}$x$`, `/* from ${secret} */ 1`, `1 -- ${secret}\n`]
    fc.assert(
      fc.property(
        fc.shuffledSubarray(places, { minLength: 1 }),
        fc.constantFrom("select ", "update t set a = "),
        (some, head) => {
          expect(textSummary(`${head}${some.join(", ")} from t where x in (${some.join(",")})`)).not.toContain(secret)
        },
      ),
    )
  })

  it("ends with a whole word, at most 255 characters long", () => {
    const names = Array.from({ length: 60 }, (_, index) => `table_${index}`)
    const summary = textSummary(`select * from ${names.join(", ")}`)
    expect(summary.length).toBeLessThanOrEqual(255)
    expect(summary).toBe(
      ["SELECT", ...names]
        .join(" ")
        .slice(0, 255)
        .replace(/ [^ ]*$/, ""),
    )
  })

  it("never fails, whatever the text, and reads a megabyte in no time", () => {
    fc.assert(fc.property(fc.string({ unit: "grapheme", maxLength: 60 }), (text) => textSummary(text).length <= 255))
    const startedAt = performance.now()
    textSummary(`select * from ${"a, ".repeat(400_000)}b`)
    expect(performance.now() - startedAt).toBeLessThan(200)
  })
})

describe("summaryOf", () => {
  it("is of the tree where the text was built, whoever asks", () => {
    const { query, sql: text } = users.where("age", ">", 3).compile()
    rememberSummary(query, text)
    expect(summaryOf({ sql: text })).toBe("SELECT users")
  })

  it("is known for whatever is sent", () => {
    const compiled = db
      .selectFrom("users")
      .select((q) => q.selectFrom("posts").select("id").limit(1).as("one"))
      .compile()
    describeStatement(compiled)
    // The text alone has the inner table first.
    expect(summaryOf({ sql: compiled.sql })).toBe("SELECT users posts")
    expect(textSummary(compiled.sql)).toBe("SELECT posts users")
  })

  it("is the caller's label, or the system, where the text says nothing", () => {
    expect(summaryOf({ sql: "", label: "ping" })).toBe("ping")
    expect(summaryOf({ sql: "" })).toBe("postgresql")
  })
})
