import { CamelCasePlugin, ParseJSONResultsPlugin, sql, type KyselyPlugin, type QueryId } from "kysely"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted } from "../../../support/scripted-database.ts"

/** Counts the queries it has seen on the way out, and knows them by their id on the way back. */
class Numbering implements KyselyPlugin {
  readonly #seen = new WeakMap<QueryId, number>()
  #count = 0

  transformQuery({
    node,
    queryId,
  }: Parameters<KyselyPlugin["transformQuery"]>[0]): ReturnType<KyselyPlugin["transformQuery"]> {
    this.#count += 1
    this.#seen.set(queryId, this.#count)
    return node
  }

  async transformResult({ result, queryId }: Parameters<KyselyPlugin["transformResult"]>[0]) {
    return { ...result, rows: result.rows.map((row) => ({ ...row, query: this.#seen.get(queryId) })) }
  }
}

describe("plugins", () => {
  it("transform queries and results, as on Kysely's own path", async () => {
    const { db, engine } = scripted(
      { statement: () => ({ rows: [{ first_name: "Ann" }] }) },
      { plugins: [new CamelCasePlugin()] },
    )
    // @ts-expect-error the plugin translates between this name and the table's
    const query = db.selectFrom("users").select("firstName")
    expect(valueOf(await db.all(query))).toEqual([{ firstName: "Ann" }])
    expect(engine.asked[0]?.sql).toBe('select "first_name" from "users"')
    expect(valueOf(await db.query("select 1")).rows).toEqual([{ firstName: "Ann" }])
    expect(valueOf(await db.batch({ query })).query).toEqual([{ firstName: "Ann" }])
    expect(valueOf(await db.all(sql`select 1`))).toEqual([{ firstName: "Ann" }])
  })

  it("that know a query by its id find it again, also on what was compiled before", async () => {
    const { db } = scripted({ statement: () => ({ rows: [{ id: 1 }] }) }, { plugins: [new Numbering()] })
    const first = db.selectFrom("users").select("id").compile()
    const second = db.selectFrom("posts").select("id")
    expect(valueOf(await db.all(second))).toEqual([{ id: 1, query: 2 }])
    expect(valueOf(await db.all(first))).toEqual([{ id: 1, query: 1 }])
    const raw = db.sql<{ id: number }>`select id from users`
    expect(valueOf(await db.transaction((tx) => tx.all(raw)))).toEqual([{ id: 1, query: 3 }])
  })

  it("of a single query see its result, and no other's", async () => {
    const { db } = scripted({ statement: () => ({ rows: [{ first_name: '{"a":1}' }] }) })
    const query = db.selectFrom("users").select("first_name")
    expect(valueOf(await db.all(query.withPlugin(new ParseJSONResultsPlugin())))).toEqual([{ first_name: { a: 1 } }])
    expect(valueOf(await db.all(query))).toEqual([{ first_name: '{"a":1}' }])
    const raw = db.sql<{ first_name: unknown }>`select 1`.withPlugin(new ParseJSONResultsPlugin())
    expect(valueOf(await db.all(raw))).toEqual([{ first_name: { a: 1 } }])
  })

  it("are given the signal, as Kysely gives it", async () => {
    const signals: unknown[] = []
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result, signal }) => {
        signals.push(signal)
        return result
      },
    }
    const { db } = scripted({}, { plugins: [plugin] })
    const { signal } = new AbortController()
    await db.all(db.selectFrom("users").selectAll(), { signal })
    expect(signals).toEqual([signal])
  })

  it.each([
    ["transformQuery", "client_error", "not_applied"],
    ["transformResult", "decode_failed", "applied"],
  ])("that throw in %s are an Err: %s, %s", async (hook, kind, effect) => {
    const sound: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: async ({ result }) => result,
    }
    const plugin: KyselyPlugin = {
      ...sound,
      [hook]: () => {
        throw new Error("secret")
      },
    }
    const { db } = scripted({ statement: () => ({ rows: [{}] }) }, { plugins: [plugin] })
    const error = errorOf(await db.all(db.selectFrom("users").selectAll()))
    expect(error).toMatchObject({ kind, effect })
    expect(error.message).not.toContain("secret")
  })
})

describe("a query that executes itself", () => {
  it("is refused at once, and told what to write instead", async () => {
    const { db, engine } = scripted()
    const select = db.selectFrom("users").selectAll()
    const strays: (() => Promise<unknown>)[] = [
      () => select.execute(),
      () => select.executeTakeFirst(),
      () => select.executeTakeFirstOrThrow(),
      () => select.explain(),
      () => select.stream().next(),
      () => db.deleteFrom("users").execute(),
      () =>
        db
          .with("u", () => select)
          .selectFrom("u")
          .selectAll()
          .execute(),
      () => db.schema.dropTable("users").execute(),
      () => select.withPlugin(new CamelCasePlugin()).execute(),
    ]
    for (const stray of strays) {
      await expect(stray()).rejects.toMatchObject({
        kind: "refused",
        message: expect.stringContaining("await db.all(query)"),
      })
    }
    expect(engine.log).toEqual([])
  })
})

describe("builders", () => {
  it("build everywhere, and run where they are told to", async () => {
    const { db, engine } = scripted({ statement: () => ({ rows: [] }) })
    const { selectFrom } = db
    await db.transaction(async (tx) => {
      await tx.all(selectFrom("users").selectAll())
      await db.all(tx.selectFrom("posts").selectAll())
      return tx.exec(tx.insertInto("posts").values({ author_id: 1, title: "t" }))
    })
    expect(engine.asked.map(({ lease, sql: text }) => [lease, text.split(" ").slice(0, 4).join(" ")])).toEqual([
      [1, 'select * from "users"'],
      [0, 'select * from "posts"'],
      [1, 'insert into "posts" ("author_id",'],
    ])
  })
})
