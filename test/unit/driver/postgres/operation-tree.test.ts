import { describeStatement, type StatementShape } from "@kysely-resilient/driver/src/postgres/statement.ts"
import { traitsOf } from "@kysely-resilient/driver/src/postgres/operation-tree.ts"
import {
  ExplainNode,
  sql,
  type Compilable,
  type DeleteQueryNode,
  type ExplainFormat,
  type RawBuilder,
  type SelectQueryNode,
} from "kysely"
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"

const db = coldKysely()

const proved: StatementShape = { reads: "proved", single: true, selfCommitting: false }
const asks: StatementShape = { reads: "ask", single: true, selfCommitting: false }
const writes: StatementShape = { reads: "no", single: true, selfCommitting: false }

const users = db.selectFrom("users")
const posts = db.selectFrom("posts")
const newUser = { name: "ann", email: "ann@x.org", profile: "{}" }

function shapeOf(query: Compilable): StatementShape {
  return describeStatement(query.compile())
}

/** Everything that Kysely's SELECT builder can make for PostgreSQL without SQL of the caller's own. */
const reads: readonly [string, Compilable][] = [
  ["columns", users.select(["id", "name as label"])],
  ["all columns", users.selectAll()],
  ["all columns of one table", users.selectAll("users")],
  ["a table under another name, in a schema", db.withSchema("app").selectFrom("users as u").select("u.id")],
  ["nothing to select from", db.selectNoFrom((eb) => eb.val(1).as("one"))],
  ["several tables", db.selectFrom(["users", "posts"]).select("users.id")],
  ["a subquery", db.selectFrom(users.select("id").as("u")).selectAll()],
  ["a function's rows", db.selectFrom((eb) => eb.fn("generate_series", [eb.lit(1), eb.lit(3)]).as("n")).selectAll()],
  ["DISTINCT", users.select("name").distinct()],
  ["DISTINCT ON", users.distinctOn(["name", "email"]).selectAll()],
  ["conditions", users.selectAll().where("id", ">", 1).where("name", "like", "a%").where("age", "is", null)],
  [
    "AND, OR, NOT",
    users
      .selectAll()
      .where((eb) => eb.or([eb("id", "=", 1), eb.and([eb("id", "=", 2), eb.not(eb("name", "=", "x"))])])),
  ],
  ["columns compared", users.selectAll().whereRef("name", "=", "email")],
  ["IN a list", users.selectAll().where("id", "in", [1, 2, 3])],
  ["IN a subquery", users.selectAll().where("id", "in", posts.select("author_id"))],
  ["a tuple IN tuples", users.selectAll().where((eb) => eb(eb.refTuple("id", "name"), "in", [eb.tuple(1, "a")]))],
  [
    "a tuple IN a subquery",
    users
      .selectAll()
      .where((eb) =>
        eb(eb.refTuple("id", "name"), "in", posts.select(["author_id", "title"]).$asTuple("author_id", "title")),
      ),
  ],
  [
    "BETWEEN",
    users
      .selectAll()
      .where((eb) => eb.between("age", 1, 2))
      .where((eb) => eb.betweenSymmetric("age", 2, 1)),
  ],
  [
    "EXISTS",
    users
      .selectAll()
      .where((eb) => eb.exists(eb.selectFrom("posts").select("id").whereRef("author_id", "=", "users.id"))),
  ],
  ["ANY", users.selectAll().where((eb) => eb("id", "=", eb.fn.any(eb.val([1, 2]))))],
  [
    "arithmetic",
    users.select((eb) => [
      eb("age", "+", 1).as("next"),
      eb.neg("age").as("less"),
      eb.parens(eb("age", "*", 2)).as("twice"),
    ]),
  ],
  [
    "literals",
    users.select((eb) => [
      eb.lit(1).as("one"),
      eb.lit(null).as("none"),
      eb.lit(true).as("yes"),
      sql.lit("x'y").as("text"),
    ]),
  ],
  [
    "values and references made with sql.val and sql.ref",
    users.select([sql.val("x").as("x"), sql.ref("users.id").as("y")]),
  ],
  ["a cast", users.select((eb) => eb.cast("id", "text").as("id"))],
  ["CASE", users.select((eb) => eb.case().when("age", ">", 17).then("adult").else("minor").end().as("kind"))],
  ["CASE of a value", users.select((eb) => eb.case("age").when(17).then(1).end().as("kind"))],
  ["JSON operators", users.select((eb) => eb.ref("profile", "->").key("tags").at(0).as("tag"))],
  ["a JSON path", users.select((eb) => eb.ref("profile", "->$").key("city").as("city"))],
  ["inner joins", users.innerJoin("posts", "posts.author_id", "users.id").select("title")],
  [
    "all kinds of joins",
    users
      .leftJoin("posts as a", "a.author_id", "users.id")
      .rightJoin("posts as b", (join) => join.onRef("b.author_id", "=", "users.id").on("b.published", "=", true))
      .fullJoin("posts as c", "c.id", "b.id")
      .crossJoin("posts as d")
      .selectAll(),
  ],
  [
    "lateral joins",
    users
      .innerJoinLateral(
        (eb) => eb.selectFrom("posts").selectAll().whereRef("author_id", "=", "users.id").as("p"),
        (join) => join.onTrue(),
      )
      .leftJoinLateral(posts.selectAll().as("q"), (join) => join.onTrue())
      .crossJoinLateral(posts.selectAll().as("r"))
      .select("p.title"),
  ],
  [
    "GROUP BY and HAVING",
    users
      .select((eb) => ["name", eb.fn.countAll().as("n")])
      .groupBy(["name", "email"])
      .having((eb) => eb.fn.count("id"), ">", 1),
  ],
  [
    "aggregates",
    users.select((eb) => [
      eb.fn.count("id").distinct().as("a"),
      eb.fn.sum("age").filterWhere("age", ">", 1).as("b"),
      eb.fn.avg("age").as("c"),
      eb.fn.min("age").as("d"),
      eb.fn.max("age").as("e"),
      eb.fn.countAll("users").as("f"),
    ]),
  ],
  [
    "ordered aggregates",
    users.select((eb) => [
      eb.fn.agg("array_agg", ["name"]).orderBy("id", "desc").as("a"),
      eb.fn
        .agg("percentile_cont", [eb.lit(0.5)])
        .withinGroupOrderBy("age")
        .as("b"),
      eb.fn.jsonAgg("users").as("c"),
    ]),
  ],
  [
    "windows",
    users.select((eb) => [
      eb.fn
        .agg("row_number")
        .over((over) => over.partitionBy(["name"]).orderBy("age", "desc"))
        .as("n"),
      eb.fn.sum("age").over().as("s"),
    ]),
  ],
  [
    "functions",
    users.select((eb) => [
      eb.fn("lower", ["name"]).as("a"),
      eb.fn.coalesce("age", eb.lit(0)).as("b"),
      eb.fn("pg_catalog.upper", ["name"]).as("c"),
      eb.fn.toJson("users").as("d"),
    ]),
  ],
  [
    "ORDER BY",
    users
      .selectAll()
      .orderBy("name")
      .orderBy("id", "desc")
      .orderBy("age", (order) => order.asc().nullsLast())
      .orderBy("email", (order) => order.collate("C").desc().nullsFirst()),
  ],
  ["LIMIT and OFFSET", users.selectAll().limit(10).offset(20)],
  [
    "LIMIT by an expression",
    users.selectAll().limit((eb) => eb.selectFrom("posts").select((inner) => inner.fn.countAll<number>().as("n"))),
  ],
  ["FETCH", users.selectAll().orderBy("id").fetch(5, "with ties")],
  [
    "set operations",
    users
      .select("id")
      .union(posts.select("id"))
      .unionAll(posts.select("id"))
      .intersect(posts.select("id"))
      .intersectAll(posts.select("id"))
      .except(posts.select("id"))
      .exceptAll(posts.select("id")),
  ],
  [
    "WITH",
    db
      .with("u", (eb) => eb.selectFrom("users").selectAll())
      .with(
        (cte) => cte("p(id)").materialized(),
        (eb) => eb.selectFrom("posts").select("id"),
      )
      .selectFrom(["u", "p"])
      .select("p.id"),
  ],
  [
    "WITH RECURSIVE",
    db
      .withRecursive("t(n)", (eb) =>
        eb.selectNoFrom((e) => e.lit(1).as("n")).unionAll(eb.selectFrom("t").select((e) => e("t.n", "+", 1).as("n"))),
      )
      .selectFrom("t")
      .selectAll(),
  ],
  [
    "a subquery as a column",
    users.select((eb) =>
      eb.selectFrom("posts").select("title").whereRef("author_id", "=", "users.id").limit(1).as("title"),
    ),
  ],
  [
    "related rows as JSON",
    users.select((eb) => [
      "id",
      jsonArrayFrom(eb.selectFrom("posts").select("title").whereRef("author_id", "=", "users.id")).as("posts"),
      jsonObjectFrom(eb.selectFrom("posts").selectAll().limit(1)).as("post"),
      jsonBuildObject({ id: eb.ref("users.id"), name: eb.fn("lower", ["users.name"]), one: eb.lit(1) }).as("user"),
    ]),
  ],
  ["dynamic references", users.select(db.dynamic.ref<"id">("id")).orderBy(db.dynamic.ref("name"))],
  ["EXPLAIN", users.selectAll().$call((query) => explained(query))],
  ["EXPLAIN in a format", users.selectAll().$call((query) => explained(query, "json"))],
]

/** `explain()` executes; this is what it would have compiled. */
function explained(
  query: { toOperationNode(): SelectQueryNode | DeleteQueryNode },
  format?: ExplainFormat,
  options?: RawBuilder<unknown>,
): Compilable {
  const explain = ExplainNode.create(format, options?.toOperationNode())
  const node = { ...query.toOperationNode(), explain }
  return { compile: () => db.getExecutor().compileQuery(node, { queryId: "explained" }) }
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
    expect(shapeOf(query)).toEqual(writes)
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
    ["notifies", users.select((eb) => eb.fn("pg_notify", [eb.val("c"), eb.ref("name")]).as("n"))],
    ["locks for the session", users.select(sql`pg_advisory_lock(1)`.as("n"))],
    ["takes numbers", db.selectNoFrom((eb) => eb.fn("nextval", [eb.val("s")]).as("n"))],
  ])("a SELECT that %s is not run on suspicion, because a read-only transaction would not stop it", (_, query) => {
    expect(shapeOf(query)).toEqual(writes)
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
    expect(shapeOf(query)).toEqual({ reads: "no", single: false, selfCommitting: true })
    expect(shapeOf(db.insertInto("users").values({ ...newUser, name: sql`'x'); commit; select ('` }))).toMatchObject({
      single: false,
      selfCommitting: true,
    })
  })
})
