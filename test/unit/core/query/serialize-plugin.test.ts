import { serializePlugins } from "@kysely-resilient/core/src/query/serialize-plugin.ts"
import { policy, type SchemaDefinition } from "@kysely-resilient/core/schema"
import { sql, type Compilable } from "kysely"
import { describe, expect, it } from "vitest"

import { coldKysely } from "../../../support/cold-kysely.ts"

const column = (type: string) => ({ type, nullable: true })
const columns = { id: column("int4"), spot: column("point"), spots: column("point[]"), note: column("text") }
const schema: SchemaDefinition = {
  source: { schemas: ["public", "audit"] },
  tables: {
    places: { kind: "table", columns },
    others: { kind: "table", columns: { id: column("int4"), spot: column("text") } },
    plain: { kind: "table", columns: { id: column("int4") } },
    "audit.places": { kind: "table", columns: { id: column("int4"), spot: column("text") } },
  },
  policy: policy({
    "pg_catalog.point": { ts: "number[]", parse: JSON.parse, serialize: ([x, y]: number[]) => `<${x} ${y}>` },
  }),
}

// oxlint-disable-next-line typescript/no-explicit-any -- queries that types would not let through, too
const db = coldKysely<any>(...serializePlugins(schema))

/** As `pg` would ask for them. */
function parametersOf(query: Compilable): readonly unknown[] {
  const sent = (value: unknown): unknown => {
    if (Array.isArray(value)) return value.map(sent)
    return typeof value === "object" &&
      value !== null &&
      "toPostgres" in value &&
      typeof value.toPostgres === "function"
      ? value.toPostgres()
      : value
  }
  return query.compile().parameters.map(sent)
}

const spot = [1, 2]

describe("a value of a custom type", () => {
  it.each([
    ["compared with its column", db.selectFrom("places").where("spot", "=", spot), ["<1 2>"]],
    [
      "compared with an operator that Kysely does not know",
      db.selectFrom("places").where("spot", sql`~=`, spot),
      ["<1 2>"],
    ],
    ["at a distance", db.selectFrom("places").orderBy((eb) => eb("spot", "<->", spot)), ["<1 2>"]],
    ["on the other side", db.selectFrom("places").where((eb) => eb(eb.val(spot), "=", eb.ref("spot"))), ["<1 2>"]],
    ["in a list", db.selectFrom("places").where("spot", "in", [spot, [3, 4]]), ["<1 2>", "<3 4>"]],
    ["in a list with an expression", db.selectFrom("places").where("spot", "not in", [spot, sql`x`]), ["<1 2>"]],
    ["between two", db.selectFrom("places").where((eb) => eb.between("spot", spot, [3, 4])), ["<1 2>", "<3 4>"]],
    [
      "in a tuple",
      db.selectFrom("places").where((eb) => eb(eb.refTuple("id", "spot"), "=", eb.tuple(7, spot))),
      [7, "<1 2>"],
    ],
    [
      "in a list of tuples",
      db
        .selectFrom("places")
        .where((eb) => eb(eb.refTuple("id", "spot"), "in", [eb.tuple(7, spot), eb.tuple(8, spot)])),
      [7, "<1 2>", 8, "<1 2>"],
    ],
    ["in an array", db.selectFrom("places").where("spots", "@>", [spot]), [["<1 2>"]]],
    ["in having", db.selectFrom("places").groupBy("spot").having("spot", "!=", spot), ["<1 2>"]],
    ["under an alias", db.selectFrom("places as p").where("p.spot", "=", spot), ["<1 2>"]],
    ["where another table has no such column", db.selectFrom(["places", "plain"]).where("spot", "=", spot), ["<1 2>"]],
    [
      "in a join",
      db
        .selectFrom("plain")
        .innerJoin("places as p", (join) => join.onRef("p.id", "=", "plain.id").on("p.spot", "=", spot)),
      ["<1 2>"],
    ],
    [
      "of the query around a subquery",
      db.selectFrom("places as p").where((eb) => eb.exists(eb.selectFrom("plain").where("p.spot", "=", spot))),
      ["<1 2>"],
    ],
    ["in delete", db.deleteFrom("places").where("spot", "=", spot), ["<1 2>"]],
    ["in delete with using", db.deleteFrom("plain").using("places").where("places.spot", "=", spot), ["<1 2>"]],
    ["in update", db.updateTable("places").set({ spot }).where("spot", "=", [3, 4]), ["<1 2>", "<3 4>"]],
    [
      "in update from",
      db.updateTable("plain").from("places as p").set({ id: 1 }).where("p.spot", "=", spot),
      [1, "<1 2>"],
    ],
    [
      "in on conflict",
      db
        .insertInto("places")
        .values({ spot })
        .onConflict((oc) =>
          oc
            .column("id")
            .doUpdateSet({ spot: [3, 4] })
            .where("excluded.spot", "!=", [5, 6]),
        ),
      ["<1 2>", "<3 4>", "<5 6>"],
    ],
    [
      "in merge",
      db
        .mergeInto("places")
        .using("plain", "plain.id", "places.id")
        .whenMatchedAnd("places.spot", "=", spot)
        .thenUpdateSet({ spot: [3, 4] })
        .whenNotMatched()
        .thenInsertValues({ id: 1, spot: [5, 6] }),
      ["<1 2>", "<3 4>", 1, "<5 6>"],
    ],
    ["in a CTE", db.with("w", (q) => q.selectFrom("places").where("spot", "=", spot)).selectFrom("w"), ["<1 2>"]],
    ["in another schema", db.withSchema("tenant").selectFrom("places").where("spot", "=", spot), ["<1 2>"]],
    ["that is null", db.updateTable("places").set({ spot: null }), [null]],
  ] as const)("is written as its policy says %s", (_, query, parameters) => {
    expect(parametersOf(query)).toEqual(parameters)
  })

  const text = "text"
  it.each([
    ["for a column of another type", db.selectFrom("places").where("note", "=", text)],
    ["for a column of the same name in another table", db.selectFrom("others").where("spot", "=", text)],
    ["for a table of the same name in another schema", db.selectFrom("audit.places").where("spot", "=", text)],
    ["for a column of two tables", db.selectFrom(["places", "others"]).where("spot", "=", text)],
    [
      "for a CTE of a table's name",
      db
        .with("places", (q) => q.selectFrom("plain"))
        .selectFrom("places")
        .where("spot", "=", text),
    ],
    ["for a subquery", db.selectFrom(db.selectFrom("places").selectAll().as("s")).where("s.spot", "=", text)],
    [
      "for a table that a subquery hides",
      db
        .selectFrom("places")
        .where((eb) => eb.exists(eb.selectFrom("others as places").where("places.spot", "=", text))),
    ],
    ["for a pattern", db.selectFrom("places").where("spot", "like", text)],
    ["in raw SQL", db.selectFrom("places").where(sql<boolean>`spot ~= ${text}`)],
  ])("stays as it is %s", (_, query) => {
    expect(parametersOf(query)).toEqual([text])
  })
})
