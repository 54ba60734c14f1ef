import {
  assertNever,
  catchConstraint,
  catchKind,
  createDatabase,
  fieldErrors,
  prepare,
  type Database,
  type InsertError,
  type QueryBuilders,
} from "@kysely-resilient/core"
import { CamelCasePlugin, WithSchemaPlugin } from "kysely"
import { err, ok } from "neverthrow"
import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest"

import { testDatabase } from "../../support/databases.ts"
import { STAFF_SQL, staff, type StaffConstraints, type StaffDB } from "../../support/staff.ts"

const database = testDatabase(import.meta.url, { setup: async (client) => void (await client.query(STAFF_SQL)) })
const options = { schema: staff, pool: { min: 0, max: 2 } }
let db: Database<StaffDB, StaffConstraints>

beforeAll(() => void (db = createDatabase({ ...options, connection: database.url })))
afterAll(async () => void (await db.close()))
beforeEach(async () => {
  await database.ask("truncate users, posts, notes, drafts, bookings, events, audit restart identity cascade")
  await database.ask("insert into users (email, name) values ('ann', 'Ann')")
})

const user = (more: {
  id?: number
  email?: string
  name?: string
  age?: number
  balance?: number
  manager_id?: number
}) => db.insertInto("users").values({ email: "bob", name: "Bob", ...more })

/** What the error of an operation that must fail says of the constraint. */
async function said(running: unknown): Promise<unknown> {
  const { error } = Object(await running)
  const { kind, constraint, constraintName, table, columns, column, columnName } = Object(error)
  const named = { kind, constraint, constraintName, table, columns }
  return kind === "not_null_violation" ? { ...named, column, columnName } : named
}

const violated = (kind: string, constraint: string, table: string, columns: readonly string[], name = constraint) => ({
  kind: `${kind}_violation`,
  constraint,
  constraintName: name,
  table,
  columns,
})
const unnamed = (kind: string, name: string | null, table: string | null) => ({
  kind: `${kind}_violation`,
  constraint: null,
  constraintName: name,
  table,
  columns: [],
})

describe("an insert names the constraint of its table that it violates", () => {
  it("unique", async () => {
    expect(await said(db.exec(user({ email: "ann" })))).toEqual(
      violated("unique", "users_email_key", "users", ["email"]),
    )
    expect(await said(db.exec(user({ id: 1 })))).toEqual(violated("unique", "users_pkey", "users", ["id"]))
  })

  it("a unique index that is no constraint, on an expression", async () => {
    expect(await said(db.exec(user({ name: "ANN" })))).toEqual(violated("unique", "users_name_lower_idx", "users", []))
  })

  it("check, and the check of a domain, for which the server names no table", async () => {
    expect(await said(db.exec(user({ balance: -1 })))).toEqual(
      violated("check", "users_balance_check", "users", ["balance"]),
    )
    expect(await said(db.exec(user({ age: 200 })))).toEqual(violated("check", "age_check", "users", ["age"]))
  })

  it("foreign key", async () => {
    expect(await said(db.exec(user({ manager_id: 9 })))).toEqual(
      violated("foreign_key", "users_manager_fk", "users", ["manager_id"]),
    )
  })

  it("a foreign key that is checked at its end, since it is a transaction by itself", async () => {
    const post = db.insertInto("posts").values({ author_id: 9, title: "t" })
    expect(await said(db.exec(post))).toEqual(violated("foreign_key", "posts_author_fk", "posts", ["author_id"]))
  })

  it("exclusion", async () => {
    const booking = db.insertInto("bookings").values({ room: "[1,3)" })
    await db.exec(booking)
    expect(await said(db.exec(booking))).toEqual(violated("exclusion", "bookings_room_excl", "bookings", ["room"]))
  })

  it("not null, by the column", async () => {
    const post = db.insertInto("posts").values({ author_id: 1, title: db.sql`null` as never })
    expect(await said(db.exec(post))).toEqual({
      ...unnamed("not_null", null, "posts"),
      columns: ["title"],
      column: "title",
      columnName: "title",
    })
  })

  it("not null of a domain, whose column nobody knows", async () => {
    const values = { email: "bob", name: "Bob", nickname: db.sql<string>`null` }
    expect(await said(db.exec(db.insertInto("users").values(values)))).toEqual({
      ...unnamed("not_null", null, null),
      column: null,
      columnName: null,
    })
  })

  it("of a partition: the constraint of the table, and in constraintName its own", async () => {
    const event = (id: number, kind: string) => db.insertInto("events").values({ id, day: "2024-05-05", kind })
    await db.exec(event(1, "a"))
    expect(await said(db.exec(event(1, "b")))).toEqual(
      violated("unique", "events_pkey", "events", ["id", "day"], "events_2024_pkey"),
    )
    expect(await said(db.exec(event(2, "")))).toEqual(violated("check", "events_kind_check", "events", ["kind"]))
    const direct = database.ask("insert into events_2024 values (1, '2024-05-05')")
    await expect(direct).rejects.toMatchObject({ constraint: "events_2024_pkey" })
  })

  it("through every way to run it", async () => {
    const expected = violated("unique", "users_email_key", "users", ["email"])
    const taken = user({ email: "ann" })
    const add = prepare("users.add", (q: QueryBuilders<StaffDB>, email: string) =>
      q.insertInto("users").values({ email, name: "Bob" }).returning("id"),
    )
    expect(await said(db.one(taken.returning("id")))).toEqual(expected)
    expect(await said(db.all(add("ann")))).toEqual(expected)
    expect(await said(db.exec(taken.compile()))).toEqual(expected)
    expect(await said(db.forEach(taken.returning("id"), () => {}))).toEqual(expected)
    for await (const row of db.stream(taken.returning("id"))) expect(await said(Promise.resolve(row))).toEqual(expected)
    const ofAll = { posts: db.selectFrom("posts").selectAll(), taken, other: db.deleteFrom("notes") }
    expect(await said(db.batch(ofAll))).toEqual(expected)
    expect(await said(db.withConnection((session) => session.exec(taken)))).toEqual(expected)
    expect(await said(db.transaction((tx) => tx.savepoint((part) => part.exec(taken))))).toEqual(expected)
  })
})

describe("an update and a merge", () => {
  it("violate what is the table's own, and what points there", async () => {
    await db.exec(user({ id: 2 }))
    await database.ask("insert into notes values (2)")
    const taken = db.updateTable("users").set({ email: "ann" }).where("id", "=", 2)
    expect(await said(db.exec(taken))).toEqual(violated("unique", "users_email_key", "users", ["email"]))
    const moved = db.updateTable("users").set({ id: 5 }).where("id", "=", 2)
    expect(await said(db.exec(moved))).toEqual(violated("foreign_key", "notes_user_fk", "notes", ["user_id"]))
    const merged = db.mergeInto("users").using("notes", "notes.user_id", "users.id").whenMatched()
    expect(await said(db.exec(merged.thenUpdateSet({ email: "ann" })))).toEqual(
      violated("unique", "users_email_key", "users", ["email"]),
    )
    expect(await said(db.exec(merged.thenDelete()))).toEqual(
      violated("foreign_key", "notes_user_fk", "notes", ["user_id"]),
    )
  })

  it("with an alias is any statement: as the server said it, with the columns", async () => {
    const taken = db.updateTable("users as u").set({ balance: -1 })
    expect(await said(db.exec(taken))).toEqual(violated("check", "users_balance_check", "users", ["balance"]))
    // Its type takes it for the table of that name: nothing may be named.
    const odd = db.updateTable("users as posts").set({ balance: -1 })
    expect(await said(db.exec(odd))).toEqual(unnamed("check", "users_balance_check", "users"))
  })
})

describe("a delete", () => {
  it("violates the foreign keys that point there", async () => {
    await database.ask("insert into notes values (1)")
    const gone = db.deleteFrom("users").where("id", "=", 1)
    expect(await said(db.exec(gone))).toEqual(violated("foreign_key", "notes_user_fk", "notes", ["user_id"]))
  })

  it("sets null, where that column may not be null in another table", async () => {
    await database.ask("insert into drafts values (1)")
    expect(await said(db.exec(db.deleteFrom("users")))).toEqual({
      ...unnamed("not_null", null, "drafts"),
      columns: ["owner_id"],
      column: "owner_id",
      columnName: "owner_id",
    })
  })
})

describe("what the type does not promise is not named, and told as the server said it", () => {
  it("another table's constraint of the same name, which a trigger violates", async () => {
    expect(await said(db.exec(user({ balance: 2000 })))).toEqual(unnamed("check", "users_balance_check", "audit"))
  })

  it("a column of another table that a trigger leaves null", async () => {
    expect(await said(db.exec(user({ email: "nobody" })))).toEqual({
      ...unnamed("not_null", null, "audit"),
      column: null,
      columnName: "who",
    })
  })

  it("what RAISE claims, unless it claims all of a violation", async () => {
    expect(await said(db.exec(user({ email: "raise" })))).toEqual(unnamed("unique", "users_email_key", null))
    expect(await said(db.exec(user({ email: "raise for users" })))).toEqual(
      violated("unique", "users_email_key", "users", ["email"]),
    )
    expect(await said(db.exec(user({ email: "raise something" })))).toEqual(
      unnamed("integrity_constraint", "something", null),
    )
  })

  it("no value that RAISE calls a constraint", async () => {
    const failed = await db.exec(user({ email: "raise a value", name: "hidden" }))
    expect(JSON.stringify(failed._unsafeUnwrapErr())).not.toContain("hidden")
    expect(await said(db.exec(user({ email: "raise a value" })))).toEqual(unnamed("unique", null, null))
  })

  it("a constraint that the generated schema does not have yet", async () => {
    await database.ask("alter table posts add constraint posts_title_check check (title <> 'new')")
    const post = db.insertInto("posts").values({ author_id: 1, title: "new" })
    expect(await said(db.exec(post))).toEqual(unnamed("check", "posts_title_check", "posts"))
  })

  it("another statement's constraint, in a WITH", async () => {
    const both = db
      .with("post", (q) => q.insertInto("posts").values({ id: 1, author_id: 1, title: "t" }).returning("id"))
      .insertInto("notes")
      .values({ user_id: 1 })
    await db.exec(both)
    expect(await said(db.exec(both))).toEqual(unnamed("unique", "posts_pkey", "posts"))
  })
})

describe("any statement tells whatever the server says", () => {
  it("a select that writes, raw SQL, and a write through a view", async () => {
    const expected = violated("unique", "users_email_key", "users", ["email"])
    const select = db
      .with("added", (q) => q.insertInto("users").values({ email: "ann", name: "Bob" }).returning("id"))
      .selectFrom("added")
      .selectAll()
    expect(await said(db.all(select))).toEqual(expected)
    expect(await said(db.query("insert into users (email, name) values ('ann', 'Bob')"))).toEqual(expected)
    expect(await said(db.exec(db.sql`insert into users (email, name) values ('ann', 'Bob')`))).toEqual(expected)
    expect(await said(db.exec(db.insertInto("people").values({ id: 2, email: "ann", name: "Bob" })))).toEqual(expected)
  })

  it("without a schema, too", async () => {
    const plain = createDatabase<StaffDB>({ connection: database.url, pool: { min: 0, max: 1 } })
    expect(await said(plain.exec(user({ email: "ann" })))).toEqual(violated("unique", "users_email_key", "users", []))
    await plain.close()
  })
})

describe("a transaction", () => {
  it("fails at COMMIT with what is checked there", async () => {
    const late = db.transaction((tx) => tx.exec(tx.insertInto("posts").values({ author_id: 9, title: "t" })))
    expect(await said(late)).toEqual(violated("foreign_key", "posts_author_fk", "posts", ["author_id"]))
    await database.ask("insert into posts (author_id, title) values (1, 't')")
    const deleting = db.transaction((tx) => tx.exec(tx.deleteFrom("users")))
    expect(await said(deleting)).toEqual(violated("foreign_key", "posts_author_fk", "posts", ["author_id"]))
  })

  it("of insertMany fails at COMMIT with no more than an insert can violate", async () => {
    await database.ask(`
      create function write_posts() returns trigger language plpgsql as $$
      begin insert into posts (author_id, title) values (9, 't'); return new; end $$;
      create trigger write_posts after insert on notes for each statement execute function write_posts()`)
    const more = Array.from({ length: 65_536 }, () => ({ user_id: 1 }))
    expect(await said(db.insertMany("notes", more))).toEqual(unnamed("foreign_key", "posts_author_fk", "posts"))
    const posts = more.map((_, number) => ({ author_id: number === 0 ? 9 : 1, title: "t" }))
    expect(await said(db.insertMany("posts", posts))).toEqual(
      violated("foreign_key", "posts_author_fk", "posts", ["author_id"]),
    )
    await database.ask("drop trigger write_posts on notes")
  })

  it("fails with a statement's own error otherwise", async () => {
    const early = db.transaction((tx) => tx.exec(user({ email: "ann" })))
    expect(await said(early)).toEqual(violated("unique", "users_email_key", "users", ["email"]))
  })
})

describe("with plugins", () => {
  it("camelCase: columns and tables are named as queries name them, constraints as the database does", async () => {
    interface Camel {
      posts: { authorId: number; title: string }
    }
    const { posts } = staff.constraints ?? {}
    if (posts === undefined) throw new Error("there are posts")
    const own = { posts_author_fk: { kind: "foreign_key", columns: ["authorId"], deferrable: true } } as const
    const camel = createDatabase<Camel>({
      connection: database.url,
      pool: { min: 0, max: 1 },
      plugins: [new CamelCasePlugin()],
      schema: {
        source: { schemas: ["public"], camelCase: true },
        tables: { posts: { kind: "table", columns: {} } },
        constraints: { posts: { own, inbound: {}, notNull: ["authorId", "title"] } },
      } as never,
    })
    const post = camel.insertInto("posts").values({ authorId: 9, title: "t" })
    expect(await said(camel.exec(post))).toEqual(violated("foreign_key", "posts_author_fk", "posts", ["authorId"]))
    const nobody = camel.insertInto("posts").values({ authorId: camel.sql`null` as never, title: "t" })
    expect(await said(camel.exec(nobody))).toMatchObject({
      column: "authorId",
      columnName: "author_id",
      columns: ["authorId"],
    })
    await camel.close()
  })

  it("in another schema, for the same tables", async () => {
    await database.ask("create schema tenant")
    await database.ask(
      "create table tenant.users (id int, email text not null constraint users_email_key unique, name text, balance int constraint tenant_check check (balance > 0))",
    )
    const tenant = createDatabase({ ...options, connection: database.url, plugins: [new WithSchemaPlugin("tenant")] })
    const add = (email: string, balance = 1) =>
      tenant.exec(tenant.insertInto("users").values({ email, name: "Bob", balance }))
    await add("ann")
    expect(await said(add("ann"))).toEqual(violated("unique", "users_email_key", "users", ["email"]))
    expect(await said(add("bob", 0))).toEqual(unnamed("check", "tenant_check", "users"))
    await tenant.close()
  })
})

describe("errors are handled", () => {
  const register = (email: string) =>
    db
      .one(user({ email }).returning("email"))
      .orElse(catchConstraint("users_email_key", (error) => err({ taken: error.columns[0] })))

  it("by constraint, in any way of answering", async () => {
    expect(await register("ann")).toEqual(err({ taken: "email" }))
    expect(await register("bob")).toEqual(ok({ email: "bob" }))
    expect((await register("")).isErr()).toBe(true)
    const taken = user({ email: "ann" })
    expect(await db.exec(taken).orElse(catchConstraint("users_email_key", async () => ok("later")))).toEqual(
      ok("later"),
    )
    expect(
      await db.exec(taken).orElse(catchConstraint("users_email_key", () => db.exists(db.selectFrom("users")))),
    ).toEqual(ok(true))
    expect(await db.exec(taken).orElse(catchKind("unique_violation", (error) => ok(error.constraint)))).toEqual(
      ok("users_email_key"),
    )
    const passed = await db.exec(user({ id: 1 })).orElse(catchConstraint("users_email_key", async () => ok("no")))
    expect(passed._unsafeUnwrapErr()).toMatchObject({ constraint: "users_pkey" })
  })

  it("by field", async () => {
    const messages = fieldErrors<InsertError<typeof staff, "users">>({
      users_email_key: "Email already used",
      users_balance_check: { field: "amount", message: "Too much" },
      users_name_lower_idx: { field: "name", message: "Name already used" },
    })
    const failed = async (more: Parameters<typeof user>[0]) => (await db.exec(user(more))).mapErr(messages)
    expect(await failed({ email: "ann" })).toEqual(err({ email: "Email already used" }))
    expect(await failed({ balance: -1 })).toEqual(err({ amount: "Too much" }))
    expect(await failed({ name: "ANN" })).toEqual(err({ name: "Name already used" }))
    expect(await failed({ id: 1 })).toEqual(err(undefined))
  })

  it("all of them, or the compiler says which is missing", async () => {
    const failed = (await db.exec(user({ email: "ann" })))._unsafeUnwrapErr()
    const tell = (error: typeof failed): string => {
      if (error.category !== "constraint") return error.category
      switch (error.constraint) {
        case "age_check":
        case "users_balance_check":
        case "users_email_key":
        case "users_manager_fk":
        case "users_name_lower_idx":
        case "users_pkey":
          return `${error.constraint} of ${error.table}`
        case null:
          return error.kind
        default:
          return assertNever(error)
      }
    }
    expect(tell(failed)).toBe("users_email_key of users")
    expect(() => assertNever(failed as never)).toThrow('Nothing handles the kind "unique_violation"')
  })
})
