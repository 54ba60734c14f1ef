import { isDatabaseError, unsafeDriverError, type DatabaseError } from "@kysely-resilient/core"
import { CompiledQuery, sql, type KyselyPlugin } from "kysely"
import { ResultAsync } from "neverthrow"
import { describe, expect, it } from "vitest"

import { errorOf, valueOf } from "../../../support/results.ts"
import { scripted } from "../../../support/scripted-database.ts"
import { failure } from "../../../support/scripted-engine.ts"

const rows = (...given: readonly unknown[]) => ({ statement: () => ({ rows: given, affected: BigInt(given.length) }) })

describe("row terminals", () => {
  it("answer all rows, in either spelling", async () => {
    const { db, engine } = scripted(rows({ id: 1 }, { id: 2 }))
    const query = db.selectFrom("users").select("id").where("email", "=", "a@x")
    expect(valueOf(await db.all(query))).toEqual([{ id: 1 }, { id: 2 }])
    expect(valueOf(await query.$call(db.all))).toEqual([{ id: 1 }, { id: 2 }])
    expect(engine.asked.map(({ sql: text, parameters }) => [text, parameters])).toEqual(
      Array.from({ length: 2 }, () => ['select "id" from "users" where "email" = $1', ["a@x"]]),
    )
  })

  it("answer with neverthrow's own ResultAsync, so that its chains work", async () => {
    const { db } = scripted(rows({ id: 1 }))
    const answer = db.all(db.selectFrom("users").select("id"))
    expect(answer).toBeInstanceOf(ResultAsync)
    expect(await answer.map((found) => found.length).unwrapOr(0)).toBe(1)
  })

  it.each([
    ["one", [], "no_row"],
    ["one", [{ id: 1 }], { id: 1 }],
    ["one", [{ id: 1 }, { id: 2 }], "too_many_rows"],
    ["maybeOne", [], undefined],
    ["maybeOne", [{ id: 1 }], { id: 1 }],
    ["maybeOne", [{ id: 1 }, { id: 2 }], "too_many_rows"],
    ["first", [], undefined],
    ["first", [{ id: 1 }, { id: 2 }], { id: 1 }],
  ] as const)("%s of %j is %j", async (terminal, given, expected) => {
    const { db } = scripted(rows(...given))
    const result = await db[terminal](db.selectFrom("users").select("id"))
    if (typeof expected !== "string") return expect(valueOf(result)).toEqual(expected)
    const error = errorOf(result)
    expect(error).toMatchObject({ kind: expected, category: "result", effect: "applied", retry: "never" })
    expect(error.query?.sql).toContain("select")
  })
})

describe("exec", () => {
  it("answers how many rows it changed, and 0 where the command counts none", async () => {
    const counted = scripted({ statement: () => ({ affected: 3n, command: "DELETE" }) })
    expect(valueOf(await counted.db.exec(counted.db.deleteFrom("users")))).toEqual({ affected: 3n })
    const uncounted = scripted({ statement: () => ({ command: "CREATE TABLE" }) })
    const table = uncounted.db.schema.createTable("t").addColumn("id", "int8")
    expect(valueOf(await uncounted.db.exec(table))).toEqual({ affected: 0n })
  })
})

describe("exists", () => {
  it("asks whether there is a row, and takes no row over the wire", async () => {
    const { db, engine } = scripted(rows({ exists: true }))
    expect(valueOf(await db.exists(db.selectFrom("users").select("id").where("id", "=", 7)))).toBe(true)
    expect(engine.asked[0]).toMatchObject({
      sql: 'select exists (\nselect "id" from "users" where "id" = $1\n) as "exists"',
      parameters: [7],
    })
  })

  it.each(["select 1;", "select 1 ; \n", "select 1 -- a comment", "select 1 /* ; */"])(
    "wraps raw text: %j",
    async (text) => {
      const { db, engine } = scripted(rows({ exists: false }))
      expect(valueOf(await db.exists(CompiledQuery.raw(text)))).toBe(false)
      expect(engine.asked[0]?.sql).toBe(`select exists (\n${text.replace(/[;\s]+$/, "")}\n) as "exists"`)
    },
  )
})

describe("query", () => {
  it("sends text and parameters, and answers rows, count and command", async () => {
    const { db, engine } = scripted({ statement: () => ({ rows: [{ n: 1 }], affected: 1n, command: "SELECT" }) })
    const answer = await db.query<{ n: number }>("select $1::int as n", [1], { name: "numbers" })
    expect(valueOf(answer)).toEqual({ rows: [{ n: 1 }], affected: 1n, command: "SELECT" })
    expect(engine.asked[0]).toMatchObject({ parameters: [1], options: { label: "numbers" } })
  })

  it.each([
    "BEGIN",
    "begin",
    "  /* now */ Begin Isolation Level Serializable",
    "start transaction",
    "commit",
    "END",
    "-- x\nROLLBACK",
    "abort",
  ])("refuses a bare %j outside of withConnection before it is sent", async (text) => {
    const { db, engine } = scripted()
    for (const result of [await db.query(text), await db.exec(CompiledQuery.raw(text)), await db.all(sql.raw(text))]) {
      const error = errorOf(result)
      expect(error).toMatchObject({ kind: "refused", effect: "not_applied" })
      expect(error.message).toContain("db.transaction")
    }
    expect(engine.log).toEqual([])
  })
})

describe("batch", () => {
  it("answers rows, and for a write without RETURNING how many it changed", async () => {
    const { db, engine } = scripted({
      statement: ({ sql: text }) =>
        text.startsWith("select") ? { rows: [{ id: 1 }] } : { affected: 2n, command: "UPDATE" },
    })
    const both = await db.batch({
      users: db.selectFrom("users").select("id"),
      changed: db.updateTable("posts").set({ title: "t" }),
      back: db.updateTable("posts").set({ title: "t" }).returning("id"),
    })
    expect(valueOf(both)).toEqual({ users: [{ id: 1 }], changed: { affected: 2n }, back: [] })
    expect(engine.log).toHaveLength(3)
  })

  it("is one unit: an error names all of its statements", async () => {
    const { db } = scripted({ statement: () => ({ fails: failure("unique_violation", { constraint: "users_pkey" }) }) })
    const error = errorOf(
      await db.batch({ a: db.selectFrom("users").select("id").where("id", "=", 1), b: db.deleteFrom("posts") }),
    )
    expect(error).toMatchObject({
      kind: "unique_violation",
      query: { sql: 'select "id" from "users" where "id" = $1;\ndelete from "posts"', parameterCount: 1 },
    })
  })

  it("refuses transaction control among its statements, and sends none of them", async () => {
    const { db, engine } = scripted()
    const result = await db.batch({ a: db.deleteFrom("posts"), b: CompiledQuery.raw("commit") })
    expect(errorOf(result).kind).toBe("refused")
    expect(engine.log).toEqual([])
  })
})

describe("failures of a statement", () => {
  it("become errors with everything that is known of them", async () => {
    const { db } = scripted({
      statement: () => ({
        fails: failure("unique_violation", { sqlState: "23505", constraint: "users_email_key", table: "users" }),
      }),
    })
    const insert = db.insertInto("users").values({ email: "secret@x", first_name: null })
    const error = errorOf(await db.exec(insert, { name: "users.add" }))
    expect(error).toMatchObject({
      name: "DatabaseError",
      kind: "unique_violation",
      _tag: "unique_violation",
      category: "constraint",
      retry: "never",
      effect: "not_applied",
      attempts: 1,
      because: "not-transient",
      sqlState: "23505",
      constraint: "users_email_key",
      table: "users",
      query: { name: "users.add", parameterCount: 2 },
    })
    expect(error.message).toContain("users.add")
    expect(error).toBeInstanceOf(Error)
    expect(isDatabaseError(error)).toBe(true)
  })

  it("carry what would have been answered, if it is applied but only locally", async () => {
    const { db } = scripted({
      statement: () => ({
        fails: failure("replication_unconfirmed", { effect: "applied_locally" }),
        value: { rows: [{ id: 5 }], affected: 1n, command: "INSERT" },
      }),
    })
    const insert = db.insertInto("users").values({ email: "a@x", first_name: null }).returning("id")
    const error = errorOf(await db.one(insert))
    expect(error).toMatchObject({ effect: "applied_locally", retry: "never" })
    expect(error.value).toEqual({ id: 5 })
    expect(Object.keys(error)).not.toContain("value")
  })

  it("stay what they are if that answer cannot be had", async () => {
    const plugin: KyselyPlugin = {
      transformQuery: ({ node }) => node,
      transformResult: () => Promise.reject(new Error("boom")),
    }
    const { db } = scripted(
      {
        statement: () => ({
          fails: failure("replication_unconfirmed", { effect: "applied_locally" }),
          value: { rows: [{ id: 5 }], affected: 1n, command: "INSERT" },
        }),
      },
      { plugins: [plugin] },
    )
    const error = errorOf(await db.exec(db.deleteFrom("users")))
    expect(error).toMatchObject({ kind: "replication_unconfirmed", effect: "applied_locally" })
    expect(error.value).toBeUndefined()
  })
})

describe("the text in an error", () => {
  it("is cut, however long the statement is", async () => {
    const { db } = scripted({ statement: () => ({ fails: failure("unique_violation") }) })
    const many = Array.from({ length: 5_000 }, (_, id) => ({ email: `${id}`, first_name: null }))
    const error = errorOf(await db.exec(db.insertInto("users").values(many)))
    expect(error.query).toMatchObject({ parameterCount: 10_000 })
    expect(error.query?.sql).toHaveLength(10_001)
  })
})

describe("whatever misbehaves", () => {
  const thrower = (): never => {
    throw new Error("boom")
  }
  const query = { compile: thrower }

  it.each([
    ["a query that cannot be compiled", query, undefined],
    [
      "options with a throwing getter",
      CompiledQuery.raw("select 1"),
      Object.defineProperty({}, "signal", { get: thrower }),
    ],
  ])("%s is an Err of its caller", async (_, given, options) => {
    const { db, engine } = scripted()
    const error = errorOf(await db.all(given, options))
    expect(error).toMatchObject({ kind: "client_error", category: "bug", effect: "not_applied" })
    expect(engine.log).toEqual([])
  })

  it.each([{ timeoutMs: 0 }, { timeoutMs: Number.NaN }, { timeoutMs: "5" }, { signal: {} }, { signal: null }])(
    "options that cannot be right (%j) are refused before anything is sent",
    async (options) => {
      const { db, engine } = scripted()
      // @ts-expect-error what types forbid, JavaScript does not
      const error = errorOf(await db.all(db.selectFrom("users").selectAll(), options))
      expect(error).toMatchObject({ kind: "refused", effect: "not_applied" })
      expect(engine.log).toEqual([])
    },
  )

  it("an engine that breaks its word leaves an unknown effect, and rejects nothing", async () => {
    const { db } = scripted({ statement: thrower })
    const error: DatabaseError = errorOf(await db.exec(db.deleteFrom("users")))
    expect(error).toMatchObject({ kind: "client_error", effect: "unknown" })
    expect(unsafeDriverError(error)).toEqual(new Error("boom"))
  })
})
