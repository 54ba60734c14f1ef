import {
  prepare,
  type QueryBuilders,
  type QueryError,
  type ReadonlyDatabase,
  type ReadonlySession,
  type Session,
} from "@kysely-resilient/core"
import { ok, type Result } from "neverthrow"
import { describe, expectTypeOf, it } from "vitest"

import { db, type Shop } from "./shop.ts"

const readonly = db.readonly()
const addUser = () => db.insertInto("users").values({ email: "a@x", born: new Date() })

describe("readonly", () => {
  it("has the terminals, with the same types", async () => {
    expectTypeOf(readonly).toEqualTypeOf<ReadonlyDatabase<Shop>>()
    const users = readonly.selectFrom("users").select("id")
    expectTypeOf(await readonly.all(users)).toEqualTypeOf<Result<{ id: bigint }[], QueryError>>()
    expectTypeOf(await users.$call(readonly.all)).toEqualTypeOf<Result<{ id: bigint }[], QueryError>>()
    expectTypeOf(await readonly.batch({ users })).toEqualTypeOf<Result<{ users: { id: bigint }[] }, QueryError>>()
    expectTypeOf(readonly.stream(users)).toEqualTypeOf<AsyncIterable<Result<{ id: bigint }, QueryError>>>()
    const raw = readonly.sql<{ n: number }>`select 1 n`
    expectTypeOf(await readonly.all(raw)).toEqualTypeOf<Result<{ n: number }[], QueryError>>()
    const long = readonly
      .with("long", (q) => q.selectFrom("posts").select(["author_id", "words"]))
      .selectFrom("long")
      .selectAll()
    expectTypeOf(await readonly.all(long)).toEqualTypeOf<Result<{ author_id: bigint; words: number }[], QueryError>>()
  })

  it("has no way to build a write", () => {
    expectTypeOf(readonly).not.toHaveProperty("insertInto")
    // @ts-expect-error no INSERT
    void readonly.insertInto
    // @ts-expect-error no UPDATE
    void readonly.updateTable
    // @ts-expect-error no DELETE
    void readonly.deleteFrom
    // @ts-expect-error no MERGE
    void readonly.mergeInto
    // @ts-expect-error no DDL
    void readonly.schema
    // @ts-expect-error no Kysely that executes
    void readonly.kysely
    // @ts-expect-error nor is there one below WITH
    void readonly.with("gone", (q) => q.deleteFrom("posts").returning("id")).selectFrom("gone")
    void readonly.transaction(async (tx) => {
      // @ts-expect-error nor in a transaction
      void tx.insertInto
      // @ts-expect-error or in a savepoint of one
      return tx.savepoint(async (part) => ok(part.deleteFrom))
    })
    // @ts-expect-error nor on a connection
    void readonly.withConnection(async (session) => ok(session.updateTable))
    // @ts-expect-error its transactions are read-only
    void readonly.transaction(async () => ok(1), { accessMode: "read write" })
  })

  it("does not run one that was built elsewhere", () => {
    const reading = prepare("users", (q: QueryBuilders<Shop>) => q.selectFrom("users").select("id"))
    expectTypeOf(readonly.all).toBeCallableWith(reading())
    const prepared = prepare("add", (q: QueryBuilders<Shop>) => q.deleteFrom("posts").returning("id"))
    // @ts-expect-error this session is read-only
    void readonly.exec(addUser())
    // @ts-expect-error this session is read-only
    void readonly.all(addUser().returning("id"))
    // @ts-expect-error this session is read-only
    void readonly.batch({ added: addUser() })
    // @ts-expect-error this session is read-only
    void readonly.stream(addUser().returning("id"))
    // @ts-expect-error this session is read-only
    void db.updateTable("users").set({ name: "x" }).returning("id").$call(readonly.all)
    const merge = db.mergeInto("users").using("posts", "posts.author_id", "users.id").whenMatched().thenDelete()
    // @ts-expect-error this session is read-only
    void readonly.exec(merge)
    // @ts-expect-error this session is read-only
    void readonly.all(merge.returning("users.id"))
    // @ts-expect-error this session is read-only
    void readonly.all(prepared())
  })

  it("a function that only reads takes every session", () => {
    const emails = (session: ReadonlySession<Shop>) => session.all(session.selectFrom("users").select("email"))
    const twice = (session: ReadonlySession<Shop>) =>
      session.atomic(async (tx) => {
        const first = await emails(tx)
        return first.isErr() ? first : emails(tx)
      })
    expectTypeOf(emails).toBeCallableWith(db)
    expectTypeOf(emails).toBeCallableWith(readonly)
    expectTypeOf(twice).toBeCallableWith(readonly)
    void db.transaction((tx) => tx.savepoint((part) => twice(part)))
    void db.withConnection((session) => emails(session))
    void readonly.transaction((tx) => tx.savepoint((part) => twice(part)))
    void readonly.withConnection((session) => emails(session))
    // @ts-expect-error one that may write does not take a read-only one
    expectTypeOf((_: Session<Shop>) => {}).toBeCallableWith(readonly)
  })
})
