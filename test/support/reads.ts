import { ExplainNode, sql } from "kysely"
import type { Compilable, DeleteQueryNode, ExplainFormat, RawBuilder, SelectQueryNode } from "kysely"
import { jsonArrayFrom, jsonBuildObject, jsonObjectFrom } from "kysely/helpers/postgres"

import { coldKysely } from "./cold-kysely.ts"

const db = coldKysely()
const users = db.selectFrom("users")
const posts = db.selectFrom("posts")

/** Everything that Kysely's SELECT builder can make for PostgreSQL without SQL of the caller's own. All of it runs. */
export const reads: readonly [string, Compilable][] = [
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
        eb
          .selectNoFrom((e) => e.lit(1).as("n"))
          .unionAll(
            eb
              .selectFrom("t")
              .select((e) => e("t.n", "+", 1).as("n"))
              .where("t.n", "<", 3),
          ),
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
export function explained(
  query: { toOperationNode(): SelectQueryNode | DeleteQueryNode },
  format?: ExplainFormat,
  options?: RawBuilder<unknown>,
): Compilable {
  const explain = ExplainNode.create(format, options?.toOperationNode())
  const node = { ...query.toOperationNode(), explain }
  return { compile: () => db.getExecutor().compileQuery(node, { queryId: "explained" }) }
}
