import { ConstraintNames } from "@kysely-resilient/core/src/constraints/names.ts"
import { statementOf, type Statement } from "@kysely-resilient/core/src/constraints/target.ts"
import type { Reported } from "@kysely-resilient/core/src/errors/named.ts"
import type { SchemaDefinition } from "@kysely-resilient/core/schema"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"
import { staff } from "../../../support/staff.ts"

// oxlint-disable-next-line typescript/no-explicit-any -- tables that no types know, too
const db = coldKysely<any>()

const { constraints: staffConstraints = {} } = staff
const schema: SchemaDefinition = {
  ...staff,
  tables: { ...staff.tables, "audit.users": { kind: "table", columns: {} }, other: { kind: "table", columns: {} } },
  constraints: {
    ...staffConstraints,
    other: { own: { users_email_key: { kind: "unique", columns: ["mail"] } }, inbound: {}, notNull: ["email"] },
  },
}
const names = ConstraintNames.of(schema)
if (names === undefined) throw new Error("there are constraints")

const unique: Reported = {
  kind: "unique_violation",
  constraint: "users_email_key",
  schema: "public",
  table: "users",
  column: undefined,
}
const insert = db.insertInto("users").values({ email: "a" })
const remove = db.deleteFrom("users")
const merge = db.mergeInto("users").using("notes", "notes.a", "users.b").whenMatched().thenDelete()

function statement(query: { compile(): { query: Parameters<typeof statementOf>[0] } }): Statement {
  return statementOf(query.compile().query)
}

const named = (reported: Partial<Reported>, ...queries: readonly Parameters<typeof statement>[0][]): string => {
  const { constraint, table, columns, column } = names.ofStatements(queries.map(statement))({ ...unique, ...reported })
  return `${constraint ?? column} of ${table} (${columns.join()})`
}

const EMAIL = "users_email_key of users (email)"
const NOTHING = "null of users ()"

describe("a constraint of the table", () => {
  it.each([
    ["as the server says it", {}, insert, EMAIL],
    ["of an update", {}, db.updateTable("users").set({ email: "a" }), EMAIL],
    ["of a merge", {}, merge, EMAIL],
    ["of its name as an alias", {}, db.updateTable("users as users").set({ email: "a" }), EMAIL],
    ["in the schema that the statement names", {}, db.withSchema("public").insertInto("users").values({ a: 1 }), EMAIL],
    [
      "in another schema, where a plugin has led",
      { schema: "tenant" },
      db.withSchema("tenant").insertInto("users").values({ a: 1 }),
      EMAIL,
    ],
    [
      "of a domain, for which the server names no table",
      { kind: "check_violation", constraint: "age_check", schema: "public", table: undefined },
      insert,
      "age_check of users (age)",
    ],
  ] as const)("is named %s", (_, reported, query, expected) => {
    expect(named(reported, query)).toBe(expected)
  })

  it.each([
    ["of another kind", { kind: "check_violation" }, insert, NOTHING],
    ["of another name", { constraint: "users_name_key" }, insert, NOTHING],
    ["without a name", { constraint: undefined }, insert, NOTHING],
    ["that every object has", { constraint: "constructor" }, insert, NOTHING],
    ["of another table with one of that name", { table: "other" }, insert, "null of other ()"],
    ["of the table of that name in another schema", { schema: "audit" }, insert, "null of audit.users ()"],
    [
      "in another schema than the statement names",
      { schema: "tenant" },
      db.withSchema("elsewhere").insertInto("users").values({ a: 1 }),
      "null of tenant.users ()",
    ],
    ["in a schema that nobody named, as that of an archive", { schema: "archive" }, insert, "null of archive.users ()"],
    [
      "of the table whose schema a plugin has replaced",
      {},
      db.withSchema("tenant").insertInto("users").values({ a: 1 }),
      NOTHING,
    ],
    ["of no table, unless it is a domain's", { table: undefined }, insert, "null of null ()"],
    ["of what is no partition", { table: "users_2024" }, insert, "null of users_2024 ()"],
    ["by a delete, which can violate none", {}, remove, NOTHING],
    ["by a target that bears another table's name", {}, db.updateTable("users as posts").set({ a: 1 }), NOTHING],
    ["by several targets", {}, db.updateTable(["users", "posts"]).set({ a: 1 }), NOTHING],
    ["of a merge, if it is not promised", { constraint: "unheard_of" }, merge, NOTHING],
    ["by a table that is called as what every object has", {}, db.insertInto("constructor").values({ a: 1 }), NOTHING],
    ["by a table that nobody knows", {}, db.insertInto("renamed_by_a_plugin").values({ a: 1 }), NOTHING],
  ] as const)("is not named %s", (_, reported, query, expected) => {
    expect(named(reported, query)).toBe(expected)
  })
})

describe("a foreign key that points to the table", () => {
  const note: Partial<Reported> = { kind: "foreign_key_violation", constraint: "notes_user_fk", table: "notes" }

  it("is named by what may move or remove the row, and by no insert", () => {
    const expected = "notes_user_fk of notes (user_id)"
    expect(named(note, remove)).toBe(expected)
    expect(named(note, db.updateTable("users").set({ id: 5 }))).toBe(expected)
    expect(named({ ...note, schema: "tenant" }, db.withSchema("tenant").deleteFrom("users"))).toBe(expected)
    expect(named(note, insert)).toBe("null of notes ()")
    expect(named({ ...note, schema: "archive" }, remove)).toBe("null of archive.notes ()")
    expect(named({ ...note, table: "posts" }, remove)).toBe("null of posts ()")
    expect(named(note, db.deleteFrom(["users", "posts"]))).toBe("null of notes ()")
    expect(named({ ...note, table: undefined }, remove)).toBe("null of null ()")
  })
})

describe("a partition's constraint", () => {
  const events = db.insertInto("events").values({ id: 1 })

  it("is the table's, by its alias or, if it is called the same, by being unknown", () => {
    expect(named({ constraint: "events_2024_pkey", table: "events_2024" }, events)).toBe(
      "events_pkey of events (id,day)",
    )
    const check: Partial<Reported> = { kind: "check_violation", constraint: "events_kind_check" }
    expect(named({ ...check, table: "events_2024" }, events)).toBe("events_kind_check of events (kind)")
    expect(named({ ...check, schema: "archive", table: "events" }, events)).toBe("null of archive.events ()")
    expect(named({ ...check, table: "other" }, events)).toBe("null of other ()")
    expect(named({ constraint: "events_2024_pkey", table: "other" }, events)).toBe("null of other ()")
  })
})

describe("a column that refuses null", () => {
  const missing: Partial<Reported> = { kind: "not_null_violation", constraint: undefined, column: "email" }

  it("is the table's own, or of a delete that of who pointed there", () => {
    expect(named(missing, insert)).toBe("email of users (email)")
    expect(named({ ...missing, column: "age" }, insert)).toBe(NOTHING)
    expect(named({ ...missing, table: "other" }, insert)).toBe("null of other ()")
    expect(named(missing, remove)).toBe(NOTHING)
    expect(named({ ...missing, table: "drafts", column: "owner_id" }, remove)).toBe("owner_id of drafts (owner_id)")
    expect(named({ ...missing, table: "other", column: "owner_id" }, remove)).toBe("null of other ()")
  })
})

describe("whatever the server says", () => {
  const select = db.selectFrom("users").selectAll()

  it("is told of what has no table that is known, with the columns if they are", () => {
    expect(named({}, select)).toBe(EMAIL)
    expect(named({ constraint: "unheard_of" }, select)).toBe("unheard_of of users ()")
    expect(named({ schema: "tenant", table: "users" }, select)).toBe("users_email_key of users ()")
    expect(named({}, db.insertInto("people").values({ a: 1 }))).toBe(EMAIL)
    expect(named({}, db.updateTable("posts as p").set({ a: 1 }))).toBe(EMAIL)
    expect(named({ kind: "not_null_violation", constraint: "odd", column: "email" }, select)).toBe(
      "email of users (email)",
    )
  })

  it("is told of several statements if it is told of one, and what one of them promises comes first", () => {
    expect(named({}, remove, insert)).toBe(EMAIL)
    const part = { constraint: "events_2024_pkey", table: "events_2024" }
    expect(named(part, select, db.insertInto("events").values({ id: 1 }))).toBe("events_pkey of events (id,day)")
    expect(named({}, remove, db.insertInto("posts").values({ a: 1 }))).toBe(NOTHING)
    expect(named({ constraint: "unheard_of" }, remove, select)).toBe("unheard_of of users ()")
  })
})

describe("a transaction by itself", () => {
  const late: Reported = { ...unique, kind: "foreign_key_violation", constraint: "posts_author_fk", table: "posts" }

  it("violates what can be checked at COMMIT, and nothing else", () => {
    expect(names.ofCommit(late)).toEqual({
      constraint: "posts_author_fk",
      table: "posts",
      columns: ["author_id"],
      column: null,
    })
    expect(names.ofCommit(unique)).toEqual({ constraint: null, table: "users", columns: [], column: null })
    expect(names.ofCommit({ ...late, table: "notes" }).constraint).toBeNull()
    expect(names.ofCommit({ ...late, constraint: "notes_user_fk", table: "notes" }).constraint).toBeNull()
  })
})

describe("a schema", () => {
  it("that says nothing of its constraints names none", () => {
    expect(ConstraintNames.of(undefined)).toBeUndefined()
    expect(ConstraintNames.of({ tables: {} })).toBeUndefined()
  })
})
