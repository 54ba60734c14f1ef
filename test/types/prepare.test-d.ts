import { prepare, type PreparedQuery, type QueryBuilders, type QueryError } from "@kysely-resilient/core"
import type { NoRow, TooManyRows } from "@kysely-resilient/core/errors"
import type { Result } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

type Q = QueryBuilders<Shop>

describe("prepare", () => {
  it("gives a function of the builder's own parameters, and a query of its rows", async () => {
    const byId = prepare("users.byId", (q: Q, id: bigint) =>
      q.selectFrom("users").select(["id", "name"]).where("id", "=", id),
    )
    expectTypeOf(byId).parameters.toEqualTypeOf<[id: bigint]>()
    expectTypeOf(byId(1n)).toExtend<PreparedQuery>()
    expectTypeOf(await db.one(byId(1n))).toEqualTypeOf<
      Result<{ id: bigint; name: string | null }, QueryError | NoRow | TooManyRows>
    >()
    expectTypeOf(await db.batch({ user: byId(1n) })).toEqualTypeOf<
      Result<{ user: { id: bigint; name: string | null }[] }, QueryError>
    >()
    expectTypeOf(db.stream(byId(1n))).toEqualTypeOf<
      AsyncIterable<Result<{ id: bigint; name: string | null }, QueryError>>
    >()
    // @ts-expect-error an id is no text
    void byId("1")
    // @ts-expect-error there is no such column
    void prepare("wrong", (q: Q) => q.selectFrom("users").select("emial"))
    // @ts-expect-error a prepared query is not prepared again
    void prepare("twice", (_q: Q, id: bigint) => byId(id))
  })

  it("takes writes and raw SQL, and knows which of them give rows", async () => {
    const add = prepare("users.add", (q: Q, email: string) => q.insertInto("users").values({ email, born: new Date() }))
    expectTypeOf(await db.exec(add("a@x"))).toEqualTypeOf<Result<{ readonly affected: bigint }, QueryError>>()
    expectTypeOf((await db.batch({ added: add("a@x") }))._unsafeUnwrap().added).toEqualTypeOf<{
      readonly affected: bigint
    }>()
    // @ts-expect-error add .returning(...) or use db.exec(...)
    void db.all(add("a@x"))
    const back = prepare("users.addBack", (q: Q, email: string) =>
      q.insertInto("users").values({ email, born: new Date() }).returning("id"),
    )
    expectTypeOf(await db.all(back("a@x"))).toEqualTypeOf<Result<{ id: bigint }[], QueryError>>()
    const raw = prepare("one", (q: Q, n: number) => q.sql<{ n: number }>`select ${n}::int as n`)
    expectTypeOf(await db.all(raw(1))).toEqualTypeOf<Result<{ n: number }[], QueryError>>()
  })

  it("keeps optional parameters, and those of any number", () => {
    const page = prepare("page", (q: Q, limit: number, after?: bigint) =>
      q
        .selectFrom("users")
        .select("id")
        .$if(after != null, (some) => some.where("id", ">", after ?? 0n))
        .limit(limit),
    )
    expectTypeOf(page).parameters.toEqualTypeOf<[limit: number, after?: bigint | undefined]>()
    const among = prepare("among", (q: Q, ...ids: bigint[]) =>
      q.selectFrom("users").select("id").where("id", "in", ids),
    )
    expectTypeOf(among).toEqualTypeOf<(...ids: bigint[]) => ReturnType<typeof among>>()
  })
})
