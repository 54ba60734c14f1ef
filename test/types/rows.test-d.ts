import type { NoRow, TooManyRows } from "@kysely-resilient/core/errors"
import type { Query, QueryError, RowOf, WithRows } from "@kysely-resilient/core"
import type { CompiledQuery, SelectQueryBuilder } from "kysely"
import { jsonArrayFrom } from "kysely/helpers/postgres"
import type { Result, ResultAsync } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

type User = { id: bigint; email: string; name: string | null; born: Date }

describe("row terminals", () => {
  it("infer the rows of a select, in both spellings", async () => {
    const query = db.selectFrom("users").select(["id", "name"])
    expectTypeOf(await db.all(query)).toEqualTypeOf<Result<{ id: bigint; name: string | null }[], QueryError>>()
    expectTypeOf(await query.$call(db.all)).toEqualTypeOf<Result<{ id: bigint; name: string | null }[], QueryError>>()
    expectTypeOf(await db.selectFrom("users").selectAll().$call(db.first)).toEqualTypeOf<
      Result<User | undefined, QueryError>
    >()
  })

  it("say how many rows they expect", async () => {
    const query = db.selectFrom("users").selectAll()
    expectTypeOf(await db.one(query)).toEqualTypeOf<Result<User, QueryError | NoRow | TooManyRows>>()
    expectTypeOf(await db.maybeOne(query)).toEqualTypeOf<Result<User | undefined, QueryError | TooManyRows>>()
    expectTypeOf(await query.$call(db.one)).toEqualTypeOf<Result<User, QueryError | NoRow | TooManyRows>>()
    expectTypeOf(await query.$call(db.maybeOne)).toEqualTypeOf<Result<User | undefined, QueryError | TooManyRows>>()
  })

  it("agree with what Kysely's own execute says", async () => {
    const joined = db
      .selectFrom("users as u")
      .leftJoin("posts as p", "p.author_id", "u.id")
      .select((eb) => ["u.id", "p.title", eb.fn.count<bigint>("p.id").as("posts")])
      .groupBy(["u.id", "p.title"])
    expectTypeOf<RowOf<typeof joined>>().toEqualTypeOf<Awaited<ReturnType<typeof joined.execute>>[number]>()
    expectTypeOf<RowOf<typeof joined>>().toEqualTypeOf<{ id: bigint; title: string | null; posts: bigint }>()

    const maybe = db
      .selectFrom("users")
      .select("id")
      .$if(true, (query) => query.select("name"))
    expectTypeOf<RowOf<typeof maybe>>().toEqualTypeOf<Awaited<ReturnType<typeof maybe.execute>>[number]>()
    expectTypeOf<RowOf<typeof maybe>>().toEqualTypeOf<{ id: bigint; name?: string | null }>()

    const nested = db
      .selectFrom("users")
      .select((eb) => [
        "id",
        jsonArrayFrom(eb.selectFrom("posts").select("title").whereRef("posts.author_id", "=", "users.id")).as("posts"),
      ])
    expectTypeOf<RowOf<typeof nested>>().toEqualTypeOf<Awaited<ReturnType<typeof nested.execute>>[number]>()
  })

  it("follow CTEs, recursive ones too", async () => {
    const long = db
      .with("long", (query) => query.selectFrom("posts").select(["author_id", "words"]).where("words", ">", 500))
      .selectFrom("long")
      .innerJoin("users", "users.id", "long.author_id")
      .select(["users.email", "long.words"])
    expectTypeOf(await db.all(long)).toEqualTypeOf<Result<{ email: string; words: number }[], QueryError>>()

    const steps = db
      .withRecursive("steps(n)", (query) =>
        query
          .selectNoFrom((eb) => eb.val(1).as("n"))
          .unionAll(query.selectFrom("steps").select((eb) => eb("n", "+", 1).as("n"))),
      )
      .selectFrom("steps")
      .selectAll()
    expectTypeOf(await db.all(steps)).toEqualTypeOf<Result<{ n: number }[], QueryError>>()
  })

  it("give what RETURNING returns", async () => {
    const added = db.insertInto("users").values({ email: "a@x", born: new Date() }).returning(["id", "email"])
    expectTypeOf(await db.one(added)).toEqualTypeOf<
      Result<{ id: bigint; email: string }, QueryError | NoRow | TooManyRows>
    >()
    const changed = db.updateTable("users").set({ name: "Ann" }).returningAll()
    expectTypeOf(await db.all(changed)).toEqualTypeOf<Result<User[], QueryError>>()
    const gone = db.deleteFrom("posts").returning("title")
    expectTypeOf(await gone.$call(db.all)).toEqualTypeOf<Result<{ title: string }[], QueryError>>()
    const maybe = db.deleteFrom("posts").$if(true, (query) => query.returning("title"))
    expectTypeOf<RowOf<typeof maybe>>().toEqualTypeOf<Awaited<ReturnType<typeof maybe.execute>>[number]>()
    const merged = db
      .mergeInto("users")
      .using("posts", "posts.author_id", "users.id")
      .whenMatched()
      .thenDelete()
      .returning("users.id")
    expectTypeOf(await db.all(merged)).toEqualTypeOf<Result<{ id: bigint }[], QueryError>>()
  })

  it("take raw SQL and compiled queries by the type that they carry", async () => {
    expectTypeOf(await db.one(db.sql<{ n: bigint }>`select 1 n`)).toEqualTypeOf<
      Result<{ n: bigint }, QueryError | NoRow | TooManyRows>
    >()
    const raw = db.sql<{ n: bigint }>`select ${db.sql.ref("u.id")} n from ${db.sql.table("users")} u`
    expectTypeOf(await db.first(raw)).toEqualTypeOf<Result<{ n: bigint } | undefined, QueryError>>()
    expectTypeOf(await db.exists(raw)).toEqualTypeOf<Result<boolean, QueryError>>()
    expectTypeOf(await db.exec(raw)).toEqualTypeOf<Result<{ readonly affected: bigint }, QueryError>>()
    expectTypeOf(db.stream(raw)).toEqualTypeOf<AsyncIterable<Result<{ n: bigint }, QueryError>>>()
    expectTypeOf((await db.batch({ raw }))._unsafeUnwrap()).toEqualTypeOf<{ raw: { n: bigint }[] }>()
    const compiled = db.selectFrom("users").select("id").compile()
    expectTypeOf(await db.all(compiled)).toEqualTypeOf<Result<{ id: bigint }[], QueryError>>()
    expectTypeOf(await db.all(db.sql`select 1`)).toEqualTypeOf<Result<unknown[], QueryError>>()
  })

  it("do not compile for a write without RETURNING", () => {
    const added = db.insertInto("users").values({ email: "a@x", born: new Date() })
    const changed = db.updateTable("users").set({ name: "Ann" })
    const gone = db.deleteFrom("users")
    const merged = db.mergeInto("users").using("posts", "posts.author_id", "users.id").whenMatched().thenDelete()
    expectTypeOf<typeof added>().not.toExtend<WithRows<typeof added>>()
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.all(added)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.one(changed)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.maybeOne(gone)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.first(merged)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void added.$call(db.all)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void gone.$call(db.first)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.stream(added)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.forEach(changed, () => {})
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.exists(gone)
  })

  it("do not compile for one, whatever it was led through", () => {
    const added = db.insertInto("users").values({ email: "a@x", born: new Date() })
    const withCte = db.with("p", (query) => query.selectFrom("posts").select("title")).deleteFrom("users")
    const writingCte = db
      .with("p", (query) => query.deleteFrom("posts").returning("title"))
      .updateTable("users")
      .set({ name: "Ann" })
    const upsert = added.onConflict((conflict) => conflict.column("email").doNothing())
    const changed = db
      .updateTable("users")
      .set({ name: "Ann" })
      .$if(true, (query) => query.where("id", "=", 1n))
    const called = db.deleteFrom("users").$call((query) => query.where("id", "=", 1n))
    const merged = db
      .mergeInto("users as u")
      .using("posts as p", "p.author_id", "u.id")
      .whenNotMatched()
      .thenInsertValues({ email: "a@x", born: new Date() })
    expectTypeOf<typeof withCte>().not.toExtend<WithRows<typeof withCte>>()
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.all(withCte)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.one(writingCte)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.all(upsert)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void changed.$call(db.first)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.maybeOne(called)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.stream(merged)
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.all(added.compile())
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.exists(db.deleteFrom("users").compile())
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.transaction((tx) => tx.all(added))
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.withConnection((session) => session.one(added))
    const either = Math.random() > 0.5 ? added : added.returning("id")
    // @ts-expect-error one of the two returns none
    void db.all(either)
    void db.exec(withCte)
    void db.all(writingCte.returning("users.id"))
    void db.all(merged.returning("u.id"))
    void db.all(added.returning("id").compile())
  })

  it("can be used in generic helpers", () => {
    const page = <O>(query: SelectQueryBuilder<Shop, "users", O>) => db.all(query.limit(20))
    expectTypeOf(page(db.selectFrom("users").select("id"))).toEqualTypeOf<ResultAsync<{ id: bigint }[], QueryError>>()
    const paged = <O>(query: SelectQueryBuilder<Shop, "users", O>) => query.limit(20).$call(db.all)
    expectTypeOf(paged(db.selectFrom("users").select("id"))).toEqualTypeOf<ResultAsync<{ id: bigint }[], QueryError>>()
    const compiled = <O>(query: WithRows<CompiledQuery<O>>) => db.one<CompiledQuery<O>>(query)
    expectTypeOf(compiled(db.selectFrom("users").select("id").compile())).toExtend<
      ResultAsync<{ id: bigint }, unknown>
    >()
    const any = <Q extends Query>(query: WithRows<Q>) => db.first<Q>(query)
    expectTypeOf(any(db.selectFrom("users").select("id"))).toEqualTypeOf<
      ResultAsync<{ id: bigint } | undefined, QueryError>
    >()
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void any(db.deleteFrom("users"))
  })

  it("do not take what is no query", () => {
    expectTypeOf<string>().not.toExtend<Query>()
    // @ts-expect-error a string is no query: write db.query("select 1")
    void db.all("select 1")
    // @ts-expect-error nor is a table's name
    void db.exec("users")
    // @ts-expect-error there is no such option
    void db.all(db.selectFrom("users").selectAll(), { timeout: 5 })
  })
})
