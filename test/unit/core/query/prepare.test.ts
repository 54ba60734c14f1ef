import { OptionsError, prepare, type Query, type QueryBuilders } from "@kysely-resilient/core"
import fc from "fast-check"
import { CamelCasePlugin, ParseJSONResultsPlugin, sql, type KyselyPlugin, type Expression, type SqlBool } from "kysely"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted, type Shop } from "../../../support/scripted-database.ts"
import { failure } from "../../../support/scripted-engine.ts"

type Q = QueryBuilders<Shop>

const { db, engine } = scripted()

async function sentOf(query: Query): Promise<readonly [string, readonly unknown[]]> {
  const before = engine.asked.length
  await db.all(query)
  const asked = engine.asked[before]
  return [asked?.sql ?? "", asked?.parameters ?? []]
}

describe("a prepared query", () => {
  it("is built and compiled a few times, and from then on only given its parameters", async () => {
    let runs = 0
    const build = (q: Q, id: number) => q.selectFrom("users").select("id").where("id", "=", id)
    // By its own text it is judged: what counts has to be outside of it.
    const counting: Q = new Proxy(db, {
      get: (target, name) => {
        if (name === "selectFrom") runs += 1
        return Reflect.get(target, name)
      },
    })
    const byId = prepare("users.byId", (_q: Q, id: number) => build(counting, id))
    for (let id = 1; id <= 100; id += 1) {
      expect(await sentOf(byId(id))).toEqual(['select "id" from "users" where "id" = $1', [id]])
    }
    // Twice for the first call (with stand-ins too), then for its checks: 2, 3, 4, 8, 16, 32 and 64.
    expect(runs).toBe(9)
  })

  it("brings its name into options, and into errors; the caller's own comes first", async () => {
    const wrong = scripted({ statement: () => ({ fails: failure("data_exception") }) })
    const byId = prepare("users.byId", (q: Q, id: number) => q.selectFrom("users").select("id").where("id", "=", id))
    const all = prepare("posts.all", (q: Q) => q.selectFrom("posts").selectAll())
    expect(errorOf(await wrong.db.one(byId(1))).query?.name).toBe("users.byId")
    expect(errorOf(await wrong.db.one(byId(1), { name: "mine" })).query?.name).toBe("mine")
    errorOf(await wrong.db.batch({ one: byId(1), all: all(), other: wrong.db.selectFrom("users").selectAll() }))
    errorOf(await wrong.db.batch({ one: byId(1) }, { name: "mine" }))
    for await (const _ of wrong.db.stream(byId(2))) continue
    expect(wrong.engine.asked.map(({ options }) => options.label)).toEqual([
      "users.byId",
      "mine",
      "users.byId, posts.all",
      "mine",
      "users.byId",
    ])
  })

  it("runs wherever a query runs, also as exists, in a transaction and on another database with other plugins", async () => {
    const camel = scripted({}, { plugins: [new CamelCasePlugin()] })
    const named = prepare("users.named", (q: Q, name: string) =>
      q.selectFrom("users").select("first_name").where("first_name", "=", name),
    )
    for (const { db: each, engine: its } of [scripted(), camel]) {
      for (const name of ["Ann", "Bob", "Cid", "Dan", "Eve"]) {
        await each.exists(named(name))
        await each.transaction((tx) => tx.all(named(name)))
      }
      const [first] = its.asked
      expect(first?.sql).toBe(
        'select exists (\nselect "first_name" from "users" where "first_name" = $1\n) as "exists"',
      )
      expect(its.asked.map(({ parameters }) => parameters[0])).toEqual(
        ["Ann", "Bob", "Cid", "Dan", "Eve"].flatMap((name) => [name, name]),
      )
    }
  })

  it("is an Err where its builder throws", async () => {
    const broken = prepare("broken", (q: Q, id: number) => {
      if (id > 0) throw new Error("secret")
      return q.selectFrom("users").select("id")
    })
    expect(errorOf(await db.all(broken(1)))).toMatchObject({ kind: "client_error", effect: "not_applied" })
  })

  it.each([[""], [7], [undefined]])("is refused without a name: %j", (name) => {
    const build = (q: Q) => q.selectFrom("users").selectAll()
    expect(() => prepare(name as string, build)).toThrow(OptionsError)
  })
})

/** What a builder gives when it is called anew, for the same database. */
function fresh(build: (q: Q, ...parameters: never[]) => { compile(): unknown }, parameters: readonly unknown[]) {
  const { sql: text, parameters: bound } = (
    build as (...given: unknown[]) => { compile(): { sql: string; parameters: readonly unknown[] } }
  )(db, ...parameters).compile()
  return [text, bound]
}

const SORTS = { name: "first_name", mail: "email" } as const
const isRoot = (id: number) => id === 1

/** What may make a builder's text or its parameters depend on more than their shape. */
const builders: Readonly<
  Record<string, { build: (q: Q, ...parameters: never[]) => { compile(): unknown }; calls: unknown[][] }>
> = {
  "lists of other lengths": {
    build: (q, ids: number[]) => q.selectFrom("users").select("id").where("id", "in", ids),
    calls: [[[1]], [[1, 2]], [[7]], [[7, 8]], [[1, 2, 3]], [[]]],
  },
  "a list as one parameter": {
    build: (q, ids: number[]) =>
      q
        .selectFrom("users")
        .select("id")
        .where((eb) => sql<SqlBool>`${eb.ref("id")} = any(${ids})`),
    calls: [[[1]], [[2]], [[1, 2]], [[2, 1]]],
  },
  "null, undefined and defaults": {
    build: (q, name: string | null | undefined, limit = 20) =>
      q
        .selectFrom("users")
        .select("id")
        .$if(name != undefined, (some) => some.where("first_name", "is", null).where("first_name", "=", name ?? "none"))
        .limit(limit),
    calls: [["Ann"], [null], [undefined], ["Bob", 5], ["Cid", 5], ["Cid", 6], [null, 5]],
  },
  "a flag": {
    build: (q, id: number, withName: boolean) =>
      q
        .selectFrom("users")
        .select("id")
        .$if(withName, (some) => some.select("first_name"))
        .where("id", "=", id),
    calls: [
      [1, true],
      [1, false],
      [2, true],
      [2, false],
    ],
  },
  "a falsy value": {
    build: (q, limit: number, name: string) =>
      q
        .selectFrom("users")
        .select("id")
        .where("first_name", "=", name || "nobody")
        .limit(limit || 20),
    calls: [
      [5, "a"],
      [0, "a"],
      [6, ""],
      [0, ""],
      [7, "b"],
      [-0, "b"],
    ],
  },
  "a strict comparison with what is bound too": {
    build: (q, name: string) =>
      q
        .selectFrom("users")
        .select("id")
        .where("first_name", "=", name)
        .$if(name === "root", (some) => some.select("email")),
    calls: [["a"], ["b"], ["root"], ["c"], ["root"]],
  },
  "a comparison elsewhere, of what is bound nowhere": {
    build: (q, id: number) =>
      q
        .selectFrom("users")
        .select("id")
        .$if(isRoot(id), (some) => some.select("email")),
    calls: [[2], [3], [1], [4], [1]],
  },
  "an order": {
    build: (q, by: "name" | "mail", way: "asc" | "desc") => q.selectFrom("users").select("id").orderBy(SORTS[by], way),
    calls: [
      ["name", "asc"],
      ["mail", "asc"],
      ["mail", "desc"],
      ["name", "asc"],
    ],
  },
  arithmetic: {
    build: (q, page: number, size: number) =>
      q
        .selectFrom("users")
        .select("id")
        .limit(size)
        .offset((page - 1) * size),
    calls: [
      [1, 10],
      [2, 10],
      [3, 10],
      [3, 20],
      [4, 20],
    ],
  },
  "a property of what is bound too": {
    build: (q, name: string) =>
      q
        .selectFrom("users")
        .select("id")
        .where("first_name", "=", name)
        .$if(name.length > 3, (some) => some.select("email")),
    calls: [["ann"], ["bob"], ["dave"]],
  },
  zeros: {
    build: (q, id: number) => q.selectFrom("users").select("id").where("id", "=", id),
    calls: [[0], [-0], [1], [Number.NaN]],
  },
  "formatted text": {
    build: (q, part: string) => q.selectFrom("users").select("id").where("email", "like", `%${part}%`),
    calls: [["a"], ["b"], ["c"], ["d"]],
  },
  literals: {
    build: (q, id: number) =>
      q
        .selectFrom("users")
        .select((eb) => ["id", eb.lit(1).as("one"), sql.lit("x").as("x")])
        .where("id", ">", id)
        .where("email", "=", "a@x")
        .limit(1_000),
    calls: [[1], [2], [3], [4], [5]],
  },
  "literals of what was given": {
    build: (q, name: string) => q.selectFrom("users").select(sql.lit(name).as("name")),
    calls: [["a"], ["b"], ["c"], ["d"]],
  },
  "names of what was given": {
    build: (q, column: "id" | "email") => q.selectFrom("users").select(sql.ref(column).as("it")),
    calls: [["id"], ["email"], ["id"], ["email"]],
  },
  "rows with other keys": {
    build: (q, row: { email: string; first_name?: string | null }) => q.insertInto("users").values({ ...row, id: 5 }),
    calls: [
      [{ email: "a" }],
      [{ email: "b" }],
      [{ email: "c", first_name: "C" }],
      [{ email: "d", first_name: null }],
      [{ email: "e", first_name: "E" }],
      [{ first_name: "F", email: "f" }],
      [{ email: "g", first_name: undefined }],
    ],
  },
  "many rows": {
    build: (q, rows: { author_id: number; title: string }[]) => q.insertInto("posts").values(rows),
    calls: [
      [[{ author_id: 1, title: "a" }]],
      [[{ author_id: 2, title: "b" }]],
      [
        [
          { author_id: 3, title: "c" },
          { author_id: 4, title: "d" },
        ],
      ],
      [
        [
          { author_id: 5, title: "e" },
          { author_id: 6, title: "f" },
        ],
      ],
    ],
  },
  "parameters in another order": {
    build: (q, title: string, id: number) => q.updateTable("posts").set({ author_id: id, title }).where("id", "=", id),
    calls: [
      ["a", 1],
      ["b", 2],
      ["c", 3],
      ["d", 4],
      ["e", 5],
    ],
  },
  "dates, bytes and JSON as one value": {
    build: (q, when: Date, bytes: Uint8Array, meta: object) =>
      q
        .selectFrom("users")
        .select("id")
        .where(sql<SqlBool>`f(${when}, ${bytes}, ${meta})`),
    calls: [1, 2, 3, 4, 5].map((n) => [new Date(n), new Uint8Array([n]), { n, deep: [{ n }] }]),
  },
  "an expression": {
    build: (q, expression: Expression<SqlBool>) => q.selectFrom("users").select("id").where(expression),
    calls: [[sql<SqlBool>`true`], [sql<SqlBool>`false`], [sql<SqlBool>`${5} > 1`], [sql<SqlBool>`${6} > 1`]],
  },
  "an argument that is left out": {
    build: (q, id: number, _other: string) => q.selectFrom("users").select("id").where("id", "=", id),
    calls: [
      [1, "a"],
      [2, "b"],
      [3, "c"],
    ],
  },
  "a list that is looked into": {
    build: (q, ids: number[]) =>
      q
        .selectFrom("users")
        .select("id")
        .where("id", "=", ids[0] ?? 0),
    calls: [[[1]], [[2]], [[3, 4]], [[]], [[5]]],
  },
  "JSON as text": {
    build: (q, meta: object) => q.selectFrom("users").select("id").where("email", "=", JSON.stringify(meta)),
    calls: [[{ a: 1 }], [{ a: 2 }], [{ a: 3 }]],
  },
  "a switch": {
    build: (q, kind: string) => {
      switch (kind) {
        case "a":
          return q.selectFrom("users").select("id").where("email", "=", kind)
        default:
          return q.selectFrom("users").select("email").where("email", "=", kind)
      }
    },
    calls: [["b"], ["c"], ["d"], ["a"], ["e"]],
  },
}

describe("a prepared query is never another than the one that its builder gives", () => {
  // Whatever it was called with so far, and checked with: what counts is the next call.
  it.each(Object.entries(builders))("with %s", async (_, { build, calls }) => {
    for (const usual of calls) {
      for (const next of calls) {
        const prepared = prepare("p", build as (q: Q, ...parameters: unknown[]) => ReturnType<Q["deleteFrom"]>)
        for (let use = 1; use <= 4; use += 1)
          expect(await sentOf(prepared(...usual) as never)).toEqual(fresh(build, usual))
        expect(await sentOf(prepared(...next) as never)).toEqual(fresh(build, next))
      }
    }
  })

  it("with plugins of its own: they see its rows, however often it ran", async () => {
    const json = scripted({ statement: () => ({ rows: [{ first_name: '{"a":1}' }] }) })
    const named = prepare("named", (q: Q, id: number) =>
      q.selectFrom("users").select("first_name").where("id", "=", id).withPlugin(new ParseJSONResultsPlugin()),
    )
    for (let id = 1; id <= 7; id += 1) expect(valueOf(await json.db.one(named(id)))).toEqual({ first_name: { a: 1 } })
  })

  it("with what changes between calls", async () => {
    let day = "monday"
    const since = prepare("since", (q: Q, id: number) =>
      q.selectFrom("users").select("id").where("id", "=", id).where("email", "=", day),
    )
    const days: unknown[] = []
    for (day of ["monday", "monday", "monday", "monday", "tuesday", "friday"]) days.push((await sentOf(since(1)))[1][1])
    expect(days).toEqual(["monday", "monday", "monday", "monday", "tuesday", "friday"])
  })

  it("with plugins that put in what depends on the caller", async () => {
    let tenant = 1
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) =>
        node.kind === "SelectQueryNode"
          ? Object.assign({}, node, { limit: { kind: "LimitNode", limit: { kind: "ValueNode", value: tenant } } })
          : node,
      transformResult: async ({ result }) => result,
    }
    const rented = scripted({}, { plugins: [plugin] })
    const byId = prepare("byId", (q: Q, id: number) =>
      q.selectFrom("users").select("id").where("id", "=", id).where("id", ">", 1),
    )
    for (tenant of [1, 1, 1, 1, 2, 3]) await rented.db.all(byId(9))
    expect(rented.engine.asked.map(({ parameters }) => parameters)).toEqual([1, 1, 1, 1, 2, 3].map((n) => [9, 1, n]))
  })

  it("for any values and any mixture of them", () =>
    fc.assert(
      fc.asyncProperty(
        fc.array(
          fc.record({
            ids: fc.array(fc.integer(), { maxLength: 3 }),
            name: fc.option(fc.string({ maxLength: 2 }), { nil: null }),
            limit: fc.option(fc.nat(3), { nil: undefined }),
          }),
          { minLength: 1, maxLength: 30, size: "max" },
        ),
        async (calls) => {
          const build = (q: Q, filter: { ids: number[]; name: string | null; limit: number | undefined }) => {
            let query = q.selectFrom("users").select("id").where("first_name", "is not", null)
            if (filter.ids.length > 0) query = query.where("id", "in", filter.ids)
            if (filter.name) query = query.where("first_name", "=", filter.name)
            return filter.limit ? query.limit(filter.limit) : query.offset(1)
          }
          const prepared = prepare("any", build)
          for (const call of calls) expect(await sentOf(prepared(call))).toEqual(fresh(build as never, [call]))
        },
      ),
      { numRuns: 100 },
    ))
})
