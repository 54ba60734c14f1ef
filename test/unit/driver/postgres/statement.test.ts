import { describeStatement, type StatementShape } from "@kysely-resilient/driver/src/postgres/statement.ts"
import * as fc from "fast-check"
import { CompiledQuery, IdentifierNode, RawNode, sql, type Compilable } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"

const db = coldKysely()

const proved: StatementShape = {
  reads: "proved",
  single: true,
  beforeSnapshot: false,
  notifies: false,
  selfCommitting: false,
}
const asks: StatementShape = {
  reads: "ask",
  single: true,
  beforeSnapshot: false,
  notifies: false,
  selfCommitting: false,
}
const writes: StatementShape = {
  reads: "no",
  single: true,
  beforeSnapshot: false,
  notifies: false,
  selfCommitting: false,
}

const users = db.selectFrom("users")

function shapeOf(query: Compilable): StatementShape {
  return describeStatement(query.compile())
}

function raw(text: string): StatementShape {
  return describeStatement(CompiledQuery.raw(text))
}

describe("what a text tells", () => {
  it.each([
    "select 1",
    " -- all\n SELECT * from t;",
    "show all",
    "values (1)",
    "table t",
    "with x as (delete from t returning *) select * from x",
    "(select 1)",
    "select * into t2 from t",
    "select * from t for update",
  ])("%j may be a read, for the server to enforce", (text) => expect(raw(text)).toEqual(asks))

  it.each([
    "",
    "insert into t values (1)",
    "explain analyze delete from t",
    "execute p",
    "copy t to stdout",
    "fetch 1 from c",
    "refresh materialized view v",
  ])("%j is none", (text) => expect(raw(text)).toMatchObject(writes))

  it.each(["set x = 1", "lock table t", "listen c", "reset all"])("%j is none, and takes no snapshot", (text) =>
    expect(raw(text)).toMatchObject({ ...writes, beforeSnapshot: true }),
  )

  it.each(["notify c", "select pg_notify('c', '')"])("%j is none, and may be done at COMMIT only", (text) =>
    expect(raw(text)).toEqual({ ...writes, notifies: true }),
  )

  it("is taken from the text alone when the tree is one fragment, whatever is in it", () => {
    const name = sql`select ${sql.id("a")}, ${1} from ${sql.table("users")}`.compile(db)
    expect(describeStatement(name)).toEqual(asks)
    expect(describeStatement(sql`${sql.raw("vacuum")} users`.compile(db))).toEqual({ ...writes, selfCommitting: true })
  })

  it.each([["select 1; select 2"], ["begin; insert into t values (1); commit"], ["call p(); select 1"]])(
    "%j may commit in between",
    (text) => {
      expect(raw(text)).toMatchObject({ reads: "no", single: false, selfCommitting: true })
    },
  )

  it.each([
    "call p()",
    "do $$ begin end $$",
    "vacuum t",
    "create index concurrently on t (a)",
    "alter system reset all",
  ])("%s may have committed before its error", (text) =>
    expect(raw(text)).toMatchObject({ ...writes, selfCommitting: true }),
  )

  it.each([
    ["begin", { kind: "begin" }],
    ['rollback to savepoint "A"', { kind: "rollback_to", name: "A" }],
    ["commit and chain", { kind: "commit", chain: true }],
  ])("%j controls the transaction", (text, control) => {
    expect(raw(text)).toEqual({ ...writes, control })
  })

  it("knows a savepoint as Kysely writes it", () => {
    const node = RawNode.createWithChildren([RawNode.createWithSql("savepoint "), IdentifierNode.create("My point")])
    const compiled = db.getExecutor().compileQuery(node, { queryId: "x" })
    expect(describeStatement(compiled)).toEqual({ ...writes, control: { kind: "savepoint", name: "My point" } })
  })
})

describe("remembering", () => {
  it("does not take a caller's own text for one that a tree has proved", () => {
    const built = users.select("id").where("name", "=", "x").compile()
    expect(describeStatement(built)).toEqual(proved)
    expect(raw(built.sql)).toEqual(asks)
    expect(describeStatement(built)).toEqual(proved)
  })

  it("answers the same for the same text, asked again", () => {
    const [first, second] = [users, users].map((base) => shapeOf(base.select("name").where("id", "=", 2)))
    expect(first).toBe(second)
  })

  it("property: of texts of any length, new or known, it says the same", () => {
    const columns = fc.array(fc.constantFrom("id", "name", "email", "age"), { minLength: 1, maxLength: 4 })
    fc.assert(
      fc.property(columns, fc.nat(2_000), fc.boolean(), (names, many, lock) => {
        const base = users.select(names).where("id", "in", [1, ...Array.from({ length: many }, (_, index) => index)])
        expect(shapeOf(lock ? base.forUpdate() : base)).toEqual(lock ? writes : proved)
      }),
    )
  })
})
