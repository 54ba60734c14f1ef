import { describeStatement, type StatementShape } from "@kysely-resilient/driver/src/postgres/statement.ts"
import { traitsOf } from "@kysely-resilient/driver/src/postgres/operation-tree.ts"
import { sql, type Compilable } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"
import { explained, reads } from "../../../support/reads.ts"

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
const posts = db.selectFrom("posts")
const newUser = { name: "ann", email: "ann@x.org", profile: "{}" }

function shapeOf(query: Compilable): StatementShape {
  return describeStatement(query.compile())
}

function kindsOf(node: unknown, kinds: Set<string> = new Set()): Set<string> {
  if (Array.isArray(node)) for (const item of node) kindsOf(item, kinds)
  else if (typeof node === "object" && node !== null) {
    if ("kind" in node && typeof node.kind === "string") kinds.add(node.kind)
    for (const child of Object.values(node)) kindsOf(child, kinds)
  }
  return kinds
}

describe("what the operation tree proves", () => {
  it.each(reads)("%s only read", (_, query) => {
    expect(shapeOf(query)).toEqual(proved)
  })

  it("has met every kind of node that a read can be made of", () => {
    const met = new Set(reads.flatMap(([, query]) => [...kindsOf(query.compile().query)]))
    expect([...met].toSorted()).toEqual([
      "AggregateFunctionNode",
      "AliasNode",
      "AndNode",
      "BinaryOperationNode",
      "CaseNode",
      "CastNode",
      "CollateNode",
      "ColumnNode",
      "CommonTableExpressionNameNode",
      "CommonTableExpressionNode",
      "DataTypeNode",
      "ExplainNode",
      "FetchNode",
      "FromNode",
      "FunctionNode",
      "GroupByItemNode",
      "GroupByNode",
      "HavingNode",
      "IdentifierNode",
      "JSONOperatorChainNode",
      "JSONPathLegNode",
      "JSONPathNode",
      "JSONReferenceNode",
      "JoinNode",
      "LimitNode",
      "OffsetNode",
      "OnNode",
      "OperatorNode",
      "OrNode",
      "OrderByItemNode",
      "OrderByNode",
      "OverNode",
      "ParensNode",
      "PartitionByItemNode",
      "PartitionByNode",
      "PrimitiveValueListNode",
      "RawNode",
      "ReferenceNode",
      "SchemableIdentifierNode",
      "SelectAllNode",
      "SelectModifierNode",
      "SelectQueryNode",
      "SelectionNode",
      "SetOperationNode",
      "TableNode",
      "TupleNode",
      "UnaryOperationNode",
      "ValueListNode",
      "ValueNode",
      "WhenNode",
      "WhereNode",
      "WithNode",
    ])
  })

  it.each<[string, Compilable]>([
    ["FOR UPDATE", users.selectAll().forUpdate()],
    ["FOR NO KEY UPDATE OF a table", users.selectAll().forNoKeyUpdate("users")],
    ["FOR SHARE SKIP LOCKED", users.selectAll().forShare().skipLocked()],
    ["FOR KEY SHARE NOWAIT", users.selectAll().forKeyShare().noWait()],
    ["a lock in a subquery", users.selectAll().where("id", "in", posts.select("author_id").forUpdate())],
    [
      "a lock in a CTE",
      db
        .with("u", (eb) => eb.selectFrom("users").selectAll().forUpdate())
        .selectFrom("u")
        .selectAll(),
    ],
    ["a lock beside SQL of the caller's own", users.select(sql`1`.as("one")).forUpdate()],
  ])("%s is no read", (_, query) => {
    expect(shapeOf(query)).toEqual(writes)
  })

  it.each<[string, Compilable]>([
    ["INSERT", db.insertInto("users").values(newUser)],
    ["INSERT of many rows, RETURNING", db.insertInto("users").values([newUser, newUser]).returningAll()],
    ["INSERT of a SELECT", db.insertInto("posts").columns(["title"]).expression(users.select("name"))],
    ["INSERT of defaults", db.insertInto("users").defaultValues()],
    [
      "an upsert",
      db
        .insertInto("users")
        .values(newUser)
        .onConflict((conflict) => conflict.column("email").doUpdateSet((eb) => ({ name: eb.ref("excluded.name") }))),
    ],
    [
      "UPDATE",
      db
        .updateTable("users")
        .set({ name: "x" })
        .from("posts")
        .whereRef("posts.author_id", "=", "users.id")
        .returning("users.id"),
    ],
    ["DELETE", db.deleteFrom("users").using("posts").where("users.id", "=", 1)],
    [
      "MERGE",
      db
        .mergeInto("users")
        .using("posts", "posts.author_id", "users.id")
        .whenMatched()
        .thenDelete()
        .whenNotMatched()
        .thenDoNothing(),
    ],
    [
      "a write in a CTE",
      db
        .with("gone", (eb) => eb.deleteFrom("users").returningAll())
        .selectFrom("gone")
        .selectAll(),
    ],
    [
      "a write in a CTE beside SQL of the caller's own",
      db
        .with("gone", (eb) => eb.deleteFrom("users").returningAll())
        .selectFrom("gone")
        .select(sql`1`.as("one")),
    ],
    ["a write with SQL of the caller's own", db.updateTable("users").set({ name: sql`upper(name)` })],
    [
      "a write after a CTE with SQL of the caller's own",
      db
        .with("u", () => users.select(sql<number>`1`.as("n")))
        .insertInto("posts")
        .columns(["author_id"])
        .expression((eb) => eb.selectFrom("u").select("n")),
    ],
    ["a plan of a write", explained(db.deleteFrom("users"))],
    ["a plan that is carried out", explained(users.selectAll(), undefined, sql`analyze`)],
    ["a table made of a SELECT", db.schema.createTable("copy").as(users.selectAll())],
    ["CREATE TABLE", db.schema.createTable("t").addColumn("id", "serial")],
    ["CREATE INDEX", db.schema.createIndex("i").on("users").column("name")],
    ["REFRESH MATERIALIZED VIEW CONCURRENTLY", db.schema.refreshMaterializedView("v").concurrently()],
  ])("%s is a write", (_, query) => {
    expect(shapeOf(query)).toMatchObject(writes)
  })

  it.each<[string, Compilable, StatementShape["counts"]]>([
    ["an INSERT", db.insertInto("users").values(newUser), "INSERT"],
    [
      "an upsert",
      db
        .insertInto("users")
        .values(newUser)
        .onConflict((c) => c.doNothing()),
      "INSERT",
    ],
    ["an UPDATE", db.updateTable("users").set({ name: "a" }).where("id", "=", 1), "UPDATE"],
    ["a DELETE", db.deleteFrom("users").where("id", "=", 1), "DELETE"],
    ["an INSERT that answers with rows", db.insertInto("users").values(newUser).returning("id"), undefined],
    ["a DELETE with a CTE", db.with("u", () => users.select("id")).deleteFrom("users"), undefined],
    ["an UPDATE with SQL of the caller's own", db.updateTable("users").set({ name: sql`upper(name)` }), undefined],
    ["a plan of a write", explained(db.deleteFrom("users")), undefined],
  ])("%s answers with a number and nothing else, or not", (_, query, counts) => {
    expect(shapeOf(query).counts).toBe(counts)
  })

  it.each<[string, Compilable]>([
    ["SQL of the caller's own", users.select(sql<number>`age + 1`.as("next"))],
    ["a condition in SQL", users.selectAll().where(sql<boolean>`age > 1`)],
    ["a raw table", db.selectFrom(sql<{ a: number }>`f()`.as("t")).selectAll()],
    ["a raw operator", users.selectAll().where("name", sql<never>`operator(pg_catalog.~)`, "a")],
    ["a raw ORDER BY", users.selectAll().orderBy(sql`random()`)],
    ["a raw type", users.select((eb) => eb.cast("id", sql`regclass`).as("id"))],
    ["a modifier of the caller's own", users.selectAll().modifyEnd(sql`tablesample`)],
    ["an unknown function", users.select((eb) => eb.fn("award_points", ["id"]).as("n"))],
    ["an unknown aggregate", users.select((eb) => eb.fn.agg("my_sum", ["age"]).as("n"))],
    ["SQL of the caller's own in a harmless function", users.select((eb) => eb.fn("lower", [sql`f()`]).as("n"))],
    [
      "a helper's beginning with another end",
      users.select(sql`(select to_json(obj) from ${users.selectAll()} as obj, f() as g)`.as("n")),
    ],
    ["a function of somebody's schema", users.select((eb) => eb.fn("app.count", ["id"]).as("n"))],
    [
      "an unknown function deep inside",
      users.selectAll().where(
        "id",
        "in",
        posts.select((eb) => eb.fn<number>("f", []).as("x")),
      ),
    ],
    ["a piece of SQL that pretends to be Kysely's", users.select(sql`${sql.id("award_points")}${sql.val(1)}`.as("n"))],
    ["pieces joined by something else than commas", users.select(sql.join([sql.id("f"), sql.val(1)], sql``).as("n"))],
    ["a helper's words with more in it", users.select(sql`json_build_object(${sql.raw("f()")})`.as("n"))],
    ["sequences looked at", users.select((eb) => eb.fn("currval", [eb.val("s")]).as("n"))],
  ])("%s leaves it to the server", (_, query) => {
    expect(shapeOf(query)).toEqual(asks)
  })

  it.each<[string, Compilable]>([
    ["locks for the session", users.select(sql`pg_advisory_lock(1)`.as("n"))],
    ["takes numbers", db.selectNoFrom((eb) => eb.fn("nextval", [eb.val("s")]).as("n"))],
  ])("a SELECT that %s is not run on suspicion, because a read-only transaction would not stop it", (_, query) => {
    expect(shapeOf(query)).toMatchObject(writes)
  })

  it("nor is one that notifies, and what it does is done at COMMIT", () => {
    const query = users.select((eb) => eb.fn("pg_notify", [eb.val("c"), eb.ref("name")]).as("n"))
    expect(shapeOf(query)).toEqual({ ...writes, notifies: true })
  })

  it("proves nothing of a node that it does not know", () => {
    const query = users.selectAll().compile()
    const tree = { ...query.query, future: { kind: "FutureNode" } }
    expect(describeStatement({ ...query, sql: `${query.sql} future`, query: tree })).toEqual(asks)
    const odd = { kind: "SelectQueryNode", items: [1, "two", null], more: { not: "a node" } } as const
    expect(traitsOf(odd)).not.toBe(0)
  })

  it("asks for several statements that hide in SQL of the caller's own what they are", () => {
    const query = users.selectAll().where(sql<boolean>`true; delete from users`)
    expect(shapeOf(query)).toEqual({ ...writes, single: false, selfCommitting: true })
    expect(shapeOf(db.insertInto("users").values({ ...newUser, name: sql`'x'); commit; select ('` }))).toMatchObject({
      single: false,
      selfCommitting: true,
    })
  })
})
